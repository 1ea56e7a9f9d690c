import { audioFormat } from '../planning/source.ts';
import type { AudioState } from '../planning/timeline.ts';
import { chain, type Filter, filter, join, type Pad } from './graph.ts';

/** A range of audio in samples, with the filters for it. */
export interface AudioPiece {
  readonly from: number;
  /** First sample after the range; to the end of the audio when absent. */
  readonly to?: number;
  readonly filters: readonly Filter[];
}

/** One piece of audio, starting at 0. */
export function pieceOf(pad: Pad, { from, to, filters }: AudioPiece): Pad {
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
export function joinPieces(pad: Pad, pieces: readonly AudioPiece[]): Pad {
  const parts = pieces.map((piece) => pieceOf(pad, piece));
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  return join('audio', parts, filter('concat', { n: parts.length, v: 0, a: 1 }));
}

type Format = Pick<AudioState, 'sampleRate' | 'channels' | 'layout'>;

/**
 * The sum of two pieces of audio of one length. Not by `amix`: that of FFmpeg 5.1 fails or loses samples where one of two
 * short inputs ends before the first samples of the other one arrive.
 */
export function mix(first: Pad, second: Pad, format: Format): Pad {
  const { channels, layout } = format;
  const sums = Array.from({ length: channels }, (_, index) => `c${index}=c${index}+c${index + channels}`);
  return join(
    'audio',
    [chain(first, audioFormat(format)), chain(second, audioFormat(format))],
    filter('amerge', { inputs: 2 }),
    filter('pan', { args: [layout, ...sums].join('|') }),
    audioFormat(format),
  );
}

/** A piece of audio and its length in samples. */
export interface AudioPart {
  readonly pad: Pad;
  readonly length: number;
}

/**
 * Pieces one after the other, each fading into the next over `fade` samples. Not by `acrossfade`: FFmpeg 5.1's loses
 * everything when the second input is read before the first one has ended.
 */
export function crossfade(parts: readonly AudioPart[], fade: number, format: Format): Pad {
  const slices = parts.map(({ pad, length }, index) => {
    const from = index === 0 ? 0 : fade;
    const to = index === parts.length - 1 ? length : length - fade;
    const slice = (start: number, end: number, ...filters: readonly Filter[]): Pad =>
      pieceOf(pad, { from: start, to: end, filters });
    return {
      head: () => slice(0, fade, filter('afade', { type: 'in', start_sample: 0, nb_samples: fade })),
      body: to > from ? [slice(from, to)] : [],
      tail: () => slice(length - fade, length, filter('afade', { type: 'out', start_sample: 0, nb_samples: fade })),
    };
  });
  const row = slices.flatMap(({ body, tail }, index) => {
    const next = slices[index + 1];
    if (next === undefined) return body;
    const mixed = mix(tail(), next.head(), format);
    return [...body, mixed];
  });
  const [only, ...others] = row;
  if (only !== undefined && others.length === 0) return only;
  return join('audio', row, filter('concat', { n: row.length, v: 0, a: 1 }));
}
