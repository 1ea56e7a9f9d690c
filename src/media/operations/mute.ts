import type { OperationParameters } from '../../model/job/operations.ts';
import { type AudioPiece, joinPieces } from '../filters/audio-pieces.ts';
import { filter } from '../filters/graph.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { type Timeline, withAudio } from '../planning/timeline.ts';

type Ranges = NonNullable<OperationParameters['mute']['ranges']>;

/** Silences ranges to the sample; without ranges the audio is left out, which needs no encode. */
export function mute(
  timeline: Timeline,
  { ranges }: OperationParameters['mute'],
  { builder, path }: OperationContext,
): Timeline {
  const { audio, ...silent } = timeline;
  if (audio === undefined) {
    builder.note(`${path}: there is no audio to silence.`);
    return timeline;
  }
  if (ranges === undefined) {
    builder.addPlacement('mute', 'copy', 'the audio is left out, the video is not changed');
    return silent;
  }
  checkRanges(ranges, timeline.duration, path);
  const quiet = united(ranges, audio.end, audio.sampleRate);
  if (quiet.length === 0) return timeline;
  builder.addPlacement('mute', 'cpu', 'samples are silenced one by one; the video is not changed');
  const pad = joinPieces(builder.audioOf(timeline, audio), pieces(quiet, Math.round(audio.end * audio.sampleRate)));
  return { ...timeline, audio: withAudio(audio, pad, 'mute') };
}

function checkRanges(ranges: Ranges, duration: number, path: string): void {
  for (const [index, { start }] of ranges.entries()) {
    if (start < duration) continue;
    throw planError(
      'SPEC_INVALID',
      `${path}.ranges[${index}].start`,
      `expected a moment before the end at ${duration.toFixed(3)} s, got ${start} s`,
    );
  }
}

interface SampleRange {
  readonly from: number;
  readonly to: number;
}

/** Ranges in samples, in order, those that touch made one. */
function united(ranges: Ranges, end: number, sampleRate: number): SampleRange[] {
  const sorted = ranges
    .filter((range) => range.start < end)
    .map((range) => ({ from: Math.round(range.start * sampleRate), to: Math.round(range.end * sampleRate) }))
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from);
  const result: SampleRange[] = [];
  for (const range of sorted) {
    const last = result.at(-1);
    if (last !== undefined && range.from <= last.to)
      result.splice(-1, 1, { from: last.from, to: Math.max(last.to, range.to) });
    else result.push(range);
  }
  return result;
}

function pieces(quiet: readonly SampleRange[], total: number): AudioPiece[] {
  const result: AudioPiece[] = [];
  let at = 0;
  for (const { from, to } of quiet) {
    if (from > at) result.push({ from: at, to: from, filters: [] });
    const last = to >= total;
    result.push({ from, ...(last ? {} : { to }), filters: [filter('volume', { volume: 0 })] });
    if (last) return result;
    at = to;
  }
  result.push({ from: at, filters: [] });
  return result;
}
