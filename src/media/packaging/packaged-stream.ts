import type { Load } from './bandwidth.ts';
import type { StreamPlan, StreamTrack } from './stream-plan.ts';

/** One segment of a track; presentation times in ticks of the track. */
export interface SegmentFacts {
  readonly start: number;
  readonly duration: number;
  readonly bytes: number;
  readonly frames: number;
}

/** A key frame that decodes from its own bytes. */
export interface KeyframeFacts {
  readonly start: number;
  /** Up to the next one. */
  readonly duration: number;
  /** Number of its segment, from 1. */
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

/** A video or audio track after it was cut into segments. */
export interface PackagedMedia {
  readonly track: StreamTrack;
  readonly timescale: number;
  /** RFC 6381. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Frames or audio packets per second. */
  readonly frameRate: number;
  readonly segments: readonly SegmentFacts[];
  readonly keyframes: readonly KeyframeFacts[];
  /** Every segment decodes without the one before. */
  readonly independent: boolean;
}

export interface PackagedText {
  readonly track: StreamTrack;
  readonly bytes: number;
}

/** A set of segments that are written and measured. */
export interface PackagedStream {
  readonly plan: StreamPlan;
  readonly media: readonly PackagedMedia[];
  readonly texts: readonly PackagedText[];
}

export function loadsOf(media: PackagedMedia): Load[] {
  return media.segments.map(({ duration, bytes }) => ({ seconds: secondsOf(media, duration), bytes }));
}

export function secondsOf({ timescale }: Pick<PackagedMedia, 'timescale'>, ticks: number): number {
  return ticks / timescale;
}

export function framesOf({ segments }: Pick<PackagedMedia, 'segments'>): number {
  return segments.reduce((frames, segment) => frames + segment.frames, 0);
}

export function lengthOf({ segments, timescale }: Pick<PackagedMedia, 'segments' | 'timescale'>): number {
  return segments.reduce((ticks, { duration }) => ticks + duration, 0) / timescale;
}

/** The largest number, or 0; lists may be longer than the arguments of a call can be. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** Whole seconds to which every segment rounds, as EXT-X-TARGETDURATION has them: the same for all tracks. */
export function targetDuration(media: readonly Pick<PackagedMedia, 'segments' | 'timescale'>[]): number {
  const longest = media.map(({ segments, timescale }) =>
    segments.reduce((most, { duration }) => Math.max(most, Math.round(duration / timescale)), 1),
  );
  return Math.max(1, ...longest);
}
