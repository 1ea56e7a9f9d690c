import type { NalCodec } from './nal-units.ts';

/** How pieces become one stream: plain data of a plan. Times in ticks on the clock of the source. */
export interface SmartJoin {
  readonly codec: NalCodec;
  /** MP4s that an earlier process has written: copied frames with others around them, and the re-encoded head and tail. */
  readonly source: string;
  readonly head?: string;
  readonly tail?: string;
  /** MP4 to be written: one video track that starts at 0. */
  readonly output: string;
  /** Ticks per second. */
  readonly timescale: number;
  /** The cut: frames that are shown from `start` on and before `end`; to the end of the source without it. */
  readonly start: number;
  readonly end?: number;
  /** Frames that are copied, in the same way; the first one is a key frame. */
  readonly copyStart: number;
  readonly copyEnd?: number;
  /** The time that becomes 0. */
  readonly origin: number;
  /** Shows the first frame at 0, even if its own time is a little later. */
  readonly fromZero: boolean;
  /** Ticks from the origin to the end of the last frame; as in the source when absent. */
  readonly duration?: number;
}
