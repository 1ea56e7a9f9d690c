import type { NalCodec } from './nal-units.ts';

/** How pieces become one stream: plain data of a plan. Times in ticks on the clock of the source. */
export interface SmartJoin {
  readonly codec: NalCodec;
  /** MP4s that a process before has written: copied pictures with others around them, and the encoded edges. */
  readonly source: string;
  readonly head?: string;
  readonly tail?: string;
  /** MP4 to be written: one track of pictures that starts at 0. */
  readonly output: string;
  /** Ticks per second. */
  readonly timescale: number;
  /** The cut: pictures that are shown from `start` on and before `end`; to the end of the source without it. */
  readonly start: number;
  readonly end?: number;
  /** Pictures that are copied, in the same way; the first one is a key frame. */
  readonly copyStart: number;
  readonly copyEnd?: number;
  /** The moment that becomes 0. */
  readonly origin: number;
  /** Shows the first picture at 0, even if its own moment is a little later. */
  readonly fromZero: boolean;
  /** Ticks from the origin to the end of the last picture; as the source has it when absent. */
  readonly duration?: number;
}
