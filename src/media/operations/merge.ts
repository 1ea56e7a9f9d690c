import type { OperationParameters } from '../../model/job/operations.ts';
import { crossfade } from '../filters/audio-pieces.ts';
import { joinedClip, joinObstacle } from '../filters/concat.ts';
import { chain, type Filter, filter, generate, join, type Pad } from '../filters/graph.ts';
import { fraction, sum } from '../filters/numbers.ts';
import { toneMapFilters } from '../filters/tone-map.ts';
import { delayTracks } from '../outputs/text-tracks.ts';
import { missingStreamError, type OperationContext, type PlanBuilder } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { containFilters } from '../planning/resolution.ts';
import { audioFormat, mixChannels, pixelFormat, timelineOf } from '../planning/source.ts';
import {
  type AudioState,
  frameSeconds,
  type Timeline,
  type VideoState,
  withAudio,
  withVideo,
} from '../planning/timeline.ts';

type Parameters = OperationParameters['merge'];

/** One clip of the row, and where it was named. */
interface Part {
  readonly timeline: Timeline;
  readonly path: string;
}

/** Joins clips: equal streams by copy, others brought to the size, rate and audio format of the timeline. */
export function merge(
  timeline: Timeline,
  { prepend = [], append = [], transition }: Parameters,
  { builder, path, index }: OperationContext,
): Timeline {
  const part =
    (list: string) =>
    (name: string, at: number): Part => {
      const where = `${path}.${list}[${at}]`;
      return { timeline: timelineOf(builder.clip(name, where)), path: where };
    };
  const before = prepend.map(part('prepend'));
  const parts = [...before, { timeline, path }, ...append.map(part('append'))];
  checkParts(parts, timeline);
  if (timeline.video === undefined) return mergeAudio(builder, parts, timeline);

  const differs =
    transition === undefined ? joinObstacle(parts.map((one) => one.timeline)) : 'a transition mixes frames';
  if (differs === undefined) {
    builder.addPlacement(
      'merge',
      'copy',
      'the clips are equal in codec, size and rate, so the video packets are joined',
    );
    const clip = joinedClip(
      builder,
      parts.map((one) => one.timeline),
      `concat-${index}.txt`,
    );
    const shift = sum(before.map((one) => one.timeline.duration));
    const joined = timelineOf(clip);
    // Lossy audio begins with packets that only prime the decoder: joined as they are, they overlap the end of the clip
    // before, which muxers reject and which would delay the audio by one more packet at every transition.
    const seconds = parts.map((one) => one.timeline.duration);
    const audio = joined.audio === undefined ? undefined : joinAudio(builder, parts, timeline, seconds, 0);
    return { ...joined, ...(audio && { audio }), tracks: delayTracks(timeline.tracks, shift), retimed: true };
  }
  builder.addPlacement('merge', 'cpu', `${differs}, so every clip is brought to the format of the first`);
  return mergeVideo(builder, parts, timeline, timeline.video, { transition, path, before: before.length });
}

function checkParts(parts: readonly Part[], { video }: Timeline): void {
  for (const { timeline, path } of parts) {
    if (video !== undefined && timeline.video === undefined) throw missingStreamError('video', path);
    if (video === undefined && timeline.audio === undefined) throw missingStreamError('audio', path);
    if (timeline.duration <= 0)
      throw planError('INPUT_UNSUPPORTED', path, 'expected a clip with a duration, got one without (an image?)');
  }
}

interface Row {
  readonly transition: Parameters['transition'];
  readonly path: string;
  /** Number of clips before the timeline. */
  readonly before: number;
}

function mergeVideo(
  builder: PlanBuilder,
  parts: readonly Part[],
  timeline: Timeline,
  target: VideoState,
  { transition, path, before }: Row,
): Timeline {
  const frame = frameSeconds(target);
  // Video and audio of a clip must have one length, or every clip would add to the difference.
  const lengths = parts.map((part) => Math.max(1, Math.round(secondsOf(part.timeline) / frame)));
  const overlap = transition === undefined ? 0 : Math.max(1, Math.round(transition.duration / frame));
  checkOverlap(lengths, overlap, frame, `${path}.transition.duration`);
  const alikeInRange = parts.every((part) => part.timeline.video?.dynamicRange === target.dynamicRange);
  const dynamicRange = alikeInRange ? target.dynamicRange : 'sdr';
  const goal: VideoState = { ...target, dynamicRange, variable: false };
  const videos = parts.map((part, at) => alike(builder, part, goal, lengths[at] ?? 1));
  const frames = sum(lengths) - overlap * (lengths.length - 1);
  const video = withVideo(goal, joinVideo(videos, lengths, overlap, goal, transition?.type), 'merge', {
    frames,
    end: frames * frame,
  });
  const audio = joinAudio(
    builder,
    parts,
    timeline,
    lengths.map((count) => count * frame),
    overlap * frame,
  );
  const shift = (sum(lengths.slice(0, before)) - overlap * before) * frame;
  return {
    video,
    ...(audio && { audio }),
    duration: frames * frame,
    tracks: delayTracks(timeline.tracks, shift),
    retimed: true,
  };
}

/** The video decides; audio that is much longer holds the last frame. */
function secondsOf({ video, audio, duration }: Timeline): number {
  const videoEnd = video?.end ?? duration;
  const audioEnd = audio?.end ?? 0;
  return audioEnd > videoEnd + 0.1 ? audioEnd : videoEnd;
}

function checkOverlap(lengths: readonly number[], overlap: number, frame: number, path: string): void {
  for (const [at, length] of lengths.entries()) {
    const neighbours = at === 0 || at === lengths.length - 1 ? 1 : 2;
    if (overlap === 0 || length > overlap * neighbours) continue;
    const most = ((length / neighbours) * frame).toFixed(2);
    throw planError(
      'SPEC_INVALID',
      path,
      `expected less than ${most} s, because clip ${at + 1} lasts ${(length * frame).toFixed(2)} s, got ${(overlap * frame).toFixed(2)} s`,
    );
  }
}

/** A clip's video in the format of the first: size with bars, rate, sample format, and a length in frames. */
function alike(builder: PlanBuilder, { timeline, path }: Part, goal: VideoState, frames: number): Pad {
  const { video } = timeline;
  if (video === undefined) throw missingStreamError('video', path);
  const tone = video.dynamicRange === goal.dynamicRange ? [] : toneMapFilters(builder, video, goal.bitDepth, path);
  return chain(
    builder.padOf(timeline, video),
    ...tone,
    ...containFilters(video, goal),
    filter('setsar', { sar: '1' }),
    filter('format', { pix_fmts: pixelFormat(goal.bitDepth) }),
    filter('fps', { fps: fraction(goal.frameRate), start_time: 0 }),
    filter('tpad', { stop_mode: 'clone', stop: -1 }),
    filter('trim', { end_frame: frames }),
    filter('settb', { expr: '1/1000000' }),
  );
}

const transitions = {
  fade: 'fade',
  wipeLeft: 'wipeleft',
  wipeRight: 'wiperight',
  slideLeft: 'slideleft',
  slideRight: 'slideright',
  dissolve: 'dissolve',
} as const;

function joinVideo(
  pads: readonly Pad[],
  lengths: readonly number[],
  overlap: number,
  { frameRate, frameRate: { num, den } }: VideoState,
  type: keyof typeof transitions | undefined,
): Pad {
  const frame = den / num;
  // Joining counts in microseconds; the grid of frames makes the count exact again.
  const grid = (total: number): Filter[] => [
    filter('fps', { fps: fraction(frameRate), start_time: 0 }),
    filter('tpad', { stop_mode: 'clone', stop: 2 }),
    filter('trim', { end_frame: total }),
  ];
  if (type === undefined)
    return join('video', pads, filter('concat', { n: pads.length, v: 1, a: 0 }), ...grid(sum(lengths)));
  let total = lengths[0] ?? 0;
  return pads.reduce((left, right, at) => {
    const offset = total - overlap;
    total += (lengths[at] ?? 0) - overlap;
    const mixed = filter('xfade', { transition: transitions[type], duration: overlap * frame, offset: offset * frame });
    return join('video', [left, right], mixed, ...grid(total), filter('settb', { expr: '1/1000000' }));
  });
}

/** Audio of a clip of this length; silence where it has none. */
function audioPart(builder: PlanBuilder, timeline: Timeline, format: AudioState, seconds: number): Pad {
  const samples = Math.round(seconds * format.sampleRate);
  const cut = filter('atrim', { end_sample: samples });
  if (timeline.audio === undefined) {
    return generate(
      'audio',
      filter('anullsrc', { sample_rate: format.sampleRate, channel_layout: format.layout }),
      audioFormat(format),
      cut,
    );
  }
  return chain(
    builder.audioOf(timeline, timeline.audio),
    ...mixChannels(timeline.audio.channels, format.channels),
    audioFormat(format),
    filter('apad', { whole_len: samples }),
    cut,
  );
}

function joinAudio(
  builder: PlanBuilder,
  parts: readonly Part[],
  { audio }: Timeline,
  seconds: readonly number[],
  overlap: number,
): AudioState | undefined {
  const format = audio ?? parts.map((part) => part.timeline.audio).find((candidate) => candidate !== undefined);
  if (format === undefined) return undefined;
  const pads = parts.map((part, at) => audioPart(builder, part.timeline, format, seconds[at] ?? 0));
  const end = sum(seconds) - overlap * (seconds.length - 1);
  const fade = Math.round(overlap * format.sampleRate);
  const lengths = seconds.map((length) => Math.round(length * format.sampleRate));
  const joined =
    fade === 0
      ? join('audio', pads, filter('concat', { n: pads.length, v: 0, a: 1 }))
      : crossfade(
          pads.map((pad, at) => ({ pad, length: lengths[at] ?? 0 })),
          fade,
          format,
        );
  return withAudio(format, joined, 'merge', { end });
}

function mergeAudio(builder: PlanBuilder, parts: readonly Part[], timeline: Timeline): Timeline {
  builder.addPlacement('merge', 'cpu', 'audio is joined sample by sample');
  const seconds = parts.map((part) => part.timeline.audio?.end ?? 0);
  const audio = joinAudio(builder, parts, timeline, seconds, 0);
  return { ...(audio && { audio }), duration: sum(seconds), tracks: timeline.tracks, retimed: true };
}
