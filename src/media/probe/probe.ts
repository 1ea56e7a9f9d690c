import type { CutPackets } from '../smart-cut/packets.ts';
import type { HdrMetadata } from './hdr-metadata.ts';

/** The properties of a media file, from ffprobe. Times in seconds, sizes in pixels and bytes. */
export interface Probe {
  readonly path: string;
  readonly format: string;
  readonly duration: number;
  readonly startTime: number;
  readonly bytes: number;
  readonly bitrate?: number;
  readonly video: readonly VideoStream[];
  readonly audio: readonly AudioStream[];
  readonly subtitles: readonly SubtitleStream[];
  /** Content of a subtitle file, where it is small enough to be changed. */
  readonly text?: string;
  /** Number of cover art images, which are not part of the timeline. */
  readonly coverArt: number;
  readonly chapters: number;
  /** Presentation times of key frames of the first video stream near the times that the planner requests, ascending. */
  readonly keyframes?: readonly number[];
  /** Packets near the ends of an exact cut of the first video stream, where a smart cut is possible. */
  readonly cut?: CutPackets;
}

export interface VideoStream {
  readonly index: number;
  readonly codec: string;
  readonly profile?: string;
  /** Coded size. */
  readonly width: number;
  readonly height: number;
  /** Clockwise rotation in degrees that a player applies: 0, 90, 180 or 270. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** The display matrix is not such a rotation alone: it mirrors, or rotates by another angle. */
  readonly warped?: boolean;
  readonly sampleAspectRatio: { readonly num: number; readonly den: number };
  readonly pixelFormat: string;
  readonly bitDepth: number;
  /** Mean frame rate as a fraction, as ffprobe's avg_frame_rate. */
  readonly frameRate: { readonly num: number; readonly den: number };
  /** r_frame_rate differs from the mean: the rate varies. */
  readonly variableFrameRate: boolean;
  readonly timeBase: { readonly num: number; readonly den: number };
  readonly frames?: number;
  readonly duration?: number;
  readonly startTime: number;
  readonly interlaced: boolean;
  readonly colorSpace?: string;
  readonly colorTransfer?: string;
  readonly colorPrimaries?: string;
  readonly colorRange?: string;
  /** Mastering display and light levels, from the container or the first frame. */
  readonly hdr?: HdrMetadata;
  /** `hdr` is in the frames only, where the decoder of a GPU may not report it. */
  readonly hdrInFrames?: true;
  readonly bitrate?: number;
  /** SHA-256 of the codec's extradata; equal for streams that can be joined by copy. */
  readonly extradataHash?: string;
  readonly hasBFrames: number;
  readonly language?: string;
}

export interface AudioStream {
  readonly index: number;
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly channelLayout?: string;
  readonly duration?: number;
  readonly startTime: number;
  readonly bitrate?: number;
  readonly timeBase: { readonly num: number; readonly den: number };
  readonly extradataHash?: string;
  readonly language?: string;
}

export interface SubtitleStream {
  readonly index: number;
  readonly codec: string;
  readonly language?: string;
}
