import type { DynamicRange } from '../planning/timeline.ts';
import { type Filter, filter } from './graph.ts';

// Texts and watermarks are authored for SDR. Over HDR, with the same numbers, white would be 10,000 cd/m² in PQ: it is set
// to the 203 cd/m² that ITU-R BT.2408 gives to graphics.

type Hdr = Exclude<DynamicRange, 'sdr'>;

/** White of graphics as a share of what the signal can reach: 10,000 cd/m² in PQ, a display of 1000 in HLG. */
const white = { pq: 203 / 10_000, hlg: 203 / 1000 } as const;
const gamma = 2.2;
const pq = { m1: 2610 / 16_384, m2: 2523 / 32, c1: 3424 / 4096, c2: 2413 / 128, c3: 2392 / 128 } as const;
const hlg = { a: 0.17883277, b: 0.28466892, c: 0.55991073, systemGamma: 1.2 } as const;

/** The signal, 0 to 1, that shows an SDR signal as graphics. Sources: SMPTE ST 2084, ARIB STD-B67 with BT.2100's gamma. */
export function graphicsSignal(value: number, range: Hdr): number {
  const light = white[range] * value ** gamma;
  if (range === 'pq') {
    const power = light ** pq.m1;
    return ((pq.c1 + pq.c2 * power) / (1 + pq.c3 * power)) ** pq.m2;
  }
  const scene = light ** (1 / hlg.systemGamma);
  return scene <= 1 / 12 ? Math.sqrt(3 * scene) : hlg.a * Math.log(12 * scene - hlg.b) + hlg.c;
}

/** `#rrggbb` as it must be given to what draws on a video of this range. */
export function graphicsColour(colour: string, range: DynamicRange): string {
  if (range === 'sdr') return colour;
  const channels = [1, 3, 5].map((at) => graphicsSignal(Number.parseInt(colour.slice(at, at + 2), 16) / 255, range));
  return `#${channels
    .map((signal) =>
      Math.round(signal * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** Filters that convert RGB frames to graphics of this range. */
export function graphicsFilters(range: DynamicRange): Filter[] {
  if (range === 'sdr') return [];
  const light = `${white[range]}*pow(val/maxval,${gamma})`;
  const signal =
    range === 'pq'
      ? `st(0,pow(${light},${pq.m1}));pow((${pq.c1}+${pq.c2}*ld(0))/(1+${pq.c3}*ld(0)),${pq.m2})`
      : `st(0,pow(${light},${1 / hlg.systemGamma}));if(lte(ld(0),1/12),sqrt(3*ld(0)),${hlg.a}*log(12*ld(0)-${hlg.b})+${hlg.c})`;
  const [start = '', end = ''] = signal.split(';');
  const expression = `${start};maxval*${end}`;
  return [filter('lutrgb', { r: expression, g: expression, b: expression })];
}
