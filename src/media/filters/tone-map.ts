import type { PlanBuilder } from '../planning/plan-builder.ts';
import { pixelFormat } from '../planning/source.ts';
import type { DynamicRange, VideoState } from '../planning/timeline.ts';
import type { HdrMetadata } from '../probe/hdr-metadata.ts';
import { type Filter, filter } from './graph.ts';
import { clamp } from './numbers.ts';

const hdrSideData = ['MASTERING_DISPLAY_METADATA', 'CONTENT_LIGHT_LEVEL'];

/** Luminance of SDR white in cd/m² (BT.1886, and what `npl` makes 1.0). */
const sdrWhite = 100;

/**
 * Filters that convert HDR video to BT.709: light above SDR white is compressed by Hable's curve, which ends at the
 * brightest light of the film. Throws CAPABILITY_MISSING without zscale (libzimg).
 */
export function toneMapFilters(
  builder: PlanBuilder,
  { dynamicRange, stream }: Pick<VideoState, 'dynamicRange' | 'stream'>,
  bitDepth: 8 | 10,
  path: string,
): Filter[] {
  if (dynamicRange === 'sdr') return [];
  builder.needFilter('zscale', path);
  builder.needFilter('tonemap', path);
  if (!builder.placements.some(({ what }) => what === 'tonemap')) {
    builder.addPlacement('tonemap', 'cpu', 'the output cannot carry HDR or was asked to be SDR');
  }
  return [
    // The tags of the stream are often incomplete, so the input side is set here.
    filter('zscale', {
      transferin: dynamicRange === 'pq' ? 'smpte2084' : 'arib-std-b67',
      primariesin: 'bt2020',
      matrixin: 'bt2020nc',
      transfer: 'linear',
      npl: sdrWhite,
    }),
    filter('format', { pix_fmts: 'gbrpf32le' }),
    filter('zscale', { primaries: 'bt709' }),
    filter('tonemap', { tonemap: 'hable', desat: 0, peak: brightest(dynamicRange, stream.hdr) / sdrWhite }),
    filter('zscale', { transfer: 'bt709', matrix: 'bt709', range: 'limited' }),
    filter('format', { pix_fmts: pixelFormat(bitDepth) }),
    // Encoders of FFmpeg 7.1 would write the mastering display of the HDR video into the SDR one.
    ...hdrSideData.map((type) => filter('sidedata', { mode: 'delete', type })),
  ];
}

/**
 * The brightest light of a film in cd/m²: its MaxCLL, else that of its mastering display, else the customary 1000. HLG is
 * relative to the display, for which 1000 is assumed (BT.2100). Values that are too low to be HDR are ignored.
 */
function brightest(dynamicRange: DynamicRange, { light, mastering }: HdrMetadata = {}): number {
  const customary = 1000;
  if (dynamicRange !== 'pq') return customary;
  const peak = light?.max ?? mastering?.maxLuminance ?? customary;
  return peak < sdrWhite ? customary : clamp(peak, sdrWhite, 10_000);
}
