import type { Draft } from './draft.ts';
import { filter } from './graph.ts';
import type { DynamicRange } from './timeline.ts';

/** Filters that bring an HDR picture to BT.709. Refused with CAPABILITY_MISSING without zscale (libzimg). */
export function toneMapFilters(draft: Draft, from: DynamicRange, path: string): string[] {
  if (from === 'sdr') return [];
  draft.needFilter('zscale', path);
  draft.needFilter('tonemap', path);
  if (!draft.placements.some(({ what }) => what === 'tonemap')) {
    draft.place('tonemap', 'cpu', 'the output cannot carry HDR or was asked to be SDR');
  }
  return [
    // What the stream says of itself is often incomplete, so the input side is said here.
    filter('zscale', {
      transferin: from === 'pq' ? 'smpte2084' : 'arib-std-b67',
      primariesin: 'bt2020',
      matrixin: 'bt2020nc',
      transfer: 'linear',
      npl: 100,
    }),
    filter('format', { pix_fmts: 'gbrpf32le' }),
    filter('zscale', { primaries: 'bt709' }),
    filter('tonemap', { tonemap: 'hable', desat: 0 }),
    filter('zscale', { transfer: 'bt709', matrix: 'bt709', range: 'limited' }),
    filter('format', { pix_fmts: 'yuv420p' }),
  ];
}
