import { chain, filter, join, type Pad } from './graph.ts';

/** A range of sound in samples, and what is done to it. */
export interface SoundPiece {
  readonly from: number;
  /** First sample after the range; the rest of the sound when absent. */
  readonly to?: number;
  readonly filters: readonly string[];
}

/** One piece of a sound, starting at 0. */
export function pieceOf(pad: Pad, { from, to, filters }: SoundPiece): Pad {
  return chain(
    pad,
    filter('atrim', { start_sample: from, end_sample: to }),
    filter('asetpts', { expr: 'PTS-STARTPTS' }),
    ...filters,
  );
}

/**
 * Pieces one after the other, exact to the sample. Filters with an `enable` window would act on whole blocks of about a
 * thousand samples.
 */
export function joinPieces(pad: Pad, pieces: readonly SoundPiece[]): Pad {
  const parts = pieces.map((piece) => pieceOf(pad, piece));
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  return join('audio', parts, filter('concat', { n: parts.length, v: 0, a: 1 }));
}
