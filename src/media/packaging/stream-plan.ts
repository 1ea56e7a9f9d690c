import type { DynamicRange } from '../planning/timeline.ts';

// An output of hls or dash is a set of files: every track is encoded once, in a file of its own, cut into segments, and
// described by the playlists of HLS (RFC 8216) and the manifest of DASH (ISO/IEC 23009-1), which share the segments.

/** A track that a step of the plan writes as fragmented MP4, or as WebVTT. */
export interface StreamTrack {
  /** `video_720p`, `audio_1`, `text_1`: unique in the set, and the start of the names of its files. */
  readonly id: string;
  readonly kind: 'video' | 'audio' | 'text';
  /** The file that the step writes. */
  readonly path: string;
  /** Copied: its key frames are those of the source. */
  readonly copied: boolean;
  /** The audio tracks that are alternatives to each other, or all subtitles. */
  readonly group?: string;
  /** BCP 47. */
  readonly language?: string;
  readonly channels?: number;
  readonly dynamicRange?: DynamicRange;
}

/** What a player selects by the speed of its connection: a video with its audio group, or audio alone. */
export interface StreamVariant {
  readonly name: string;
  /** Ids and groups of `StreamTrack`. */
  readonly video?: string;
  readonly audio?: string;
}

export interface StreamPlan {
  /** The requested format; the description of the other one lies beside it. */
  readonly main: 'hls' | 'dash';
  /** Prefix of all published names: the object store has no folders for jobs. */
  readonly prefix: string;
  /** Where the set is written. */
  readonly folder: string;
  /** Length of the segments in seconds: a whole number of frames of every rendition. */
  readonly segmentSeconds: number;
  /** Length of the output in seconds. */
  readonly duration: number;
  readonly tracks: readonly StreamTrack[];
  readonly variants: readonly StreamVariant[];
}

export const masterId = 'main';

/** Names of the files of a set. Ids of tracks contain no dot. */
export const streamNames = {
  playlist: (prefix: string, id: string): string => `${prefix}${id}.m3u8`,
  iframes: (prefix: string, id: string): string => `${prefix}${id}_iframes.m3u8`,
  init: (prefix: string, id: string): string => `${prefix}${id}_init.mp4`,
  segment: (prefix: string, id: string, number: number): string => `${prefix}${id}_${number}.m4s`,
  text: (prefix: string, id: string): string => `${prefix}${id}.vtt`,
  manifest: (prefix: string): string => `${prefix}${masterId}.mpd`,
} as const;
