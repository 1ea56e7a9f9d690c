import type { OperationParameters } from '../../model/job/operations.ts';
import { crossfade, pieceOf } from '../filters/audio-pieces.ts';
import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { fraction, sum } from '../filters/numbers.ts';
import { outTime, type SpeedPiece, setptsExpression, speedCurve, steps } from '../filters/speed-curve.ts';
import { isFixed, retimeTracks } from '../outputs/text-tracks.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import {
  type AudioState,
  frameSeconds,
  type Timeline,
  type VideoState,
  withAudio,
  withVideo,
} from '../planning/timeline.ts';

/** Changes the speed of parts of the timeline; video and audio follow the same integrals, so they end together. */
export function speedRamp(
  timeline: Timeline,
  { segments, audio: tone = 'pitch' }: OperationParameters['speedRamp'],
  { builder, path, index }: OperationContext,
): Timeline {
  const { duration, video, audio, tracks } = timeline;
  for (const [index, { start, end }] of segments.entries()) {
    if (start >= duration) {
      throw planError(
        'SPEC_INVALID',
        `${path}.segments[${index}].start`,
        `expected a moment before the end at ${duration.toFixed(3)} s, got ${start} s`,
      );
    }
    if (end > duration + 0.001)
      builder.note(
        `${path}.segments[${index}].end: ${end} s is after the end, so it ends at ${duration.toFixed(3)} s.`,
      );
  }
  if (tracks.some(isFixed)) {
    throw planError(
      'UNSUPPORTED',
      path,
      'the soft subtitle track of a film, or of more than 1 MiB, cannot follow the change of speed',
      'Put the subtitle operation after the speed ramp, or burn the text.',
    );
  }
  const curve = speedCurve(
    segments.map((segment) => ({ ...segment, endSpeed: segment.endSpeed ?? segment.speed })),
    duration,
  );
  if (curve.every(({ speed, endSpeed }) => speed === 1 && endSpeed === 1)) return timeline;
  let files = 0;
  const write = (content: string, format: string): string => {
    files += 1;
    return builder.write(`retimed-${index}-${files}.${format}`, content);
  };
  builder.addPlacement('speedRamp', 'cpu', 'frames get new times and the audio another tempo');
  const rampedVideo = video && rampVideo(video, builder.padOf(timeline, video), curve);
  const rampedAudio = audio && tone === 'pitch' ? rampAudio(audio, builder.audioOf(timeline, audio), curve) : undefined;
  return {
    ...(rampedVideo && { video: rampedVideo }),
    ...(rampedAudio && { audio: rampedAudio }),
    duration: outTime(curve, duration),
    tracks: retimeTracks(tracks, curve, write),
    retimed: true,
  };
}

function rampVideo(video: VideoState, pad: Pad, curve: readonly SpeedPiece[]): VideoState {
  const end = outTime(curve, video.end);
  const frames = Math.max(1, Math.round(end / frameSeconds(video)));
  const slowest = Math.min(...curve.map(({ speed, endSpeed }) => Math.min(speed, endSpeed)));
  const ramped = chain(
    pad,
    // Frames lie on a grid of their rate; the new times need finer ticks.
    filter('settb', { expr: '1/1000000' }),
    filter('setpts', { expr: setptsExpression(curve) }),
    filter('fps', { fps: fraction(video.frameRate), start_time: 0 }),
    // The last frame lasts as long as its speed says, whatever the end of the stream was before.
    filter('tpad', { stop_mode: 'clone', stop: Math.ceil(1 / slowest) + 1 }),
    filter('trim', { end_frame: frames }),
  );
  return withVideo(video, ramped, 'speedRamp', { end: frames * frameSeconds(video), frames, variable: false });
}

/** Pieces of one tempo, at most. Each costs a few filters. */
const mostPieces = 240;
/** Cross-fade between pieces in samples at 48 kHz: 10 ms. */
const longestFade = 480;

function rampAudio(audio: AudioState, pad: Pad, curve: readonly SpeedPiece[]): AudioState {
  const { sampleRate } = audio;
  const heard = steps(curve, mostPieces).filter(({ start }) => start < audio.end);
  const samples = (seconds: number): number => Math.round(seconds * sampleRate);
  const lengths = heard.map(({ outStart, outEnd }) => samples(outEnd) - samples(outStart));
  const fade = Math.max(1, Math.min(longestFade, Math.floor(Math.min(...lengths) / 4)));
  const parts = heard.map((piece, index) => {
    const last = index === heard.length - 1;
    // Every piece but the last goes on a little under the next one, and the fade takes that away again.
    const length = (lengths[index] ?? 0) + (last ? 0 : fade);
    const overlap = last ? 0 : Math.ceil(fade * piece.speed);
    const exact = [filter('apad', { whole_len: length }), filter('atrim', { end_sample: length })];
    const to = samples(piece.end) + overlap;
    return {
      length,
      pad: pieceOf(pad, { from: samples(piece.start), to, filters: [...tempo(piece.speed), ...exact] }),
    };
  });
  return withAudio(audio, crossfade(parts, fade, audio), 'speedRamp', { end: sum(lengths) / sampleRate });
}

/** Changes of tempo that keep the pitch; one instance does 0.5 to 2 without skipping samples, so several are chained. */
function tempo(speed: number): Filter[] {
  if (Math.abs(speed - 1) < 1e-9) return [];
  const count = Math.max(1, Math.ceil(Math.abs(Math.log2(speed)) - 1e-9));
  return Array.from({ length: count }, () => filter('atempo', { tempo: speed ** (1 / count) }));
}
