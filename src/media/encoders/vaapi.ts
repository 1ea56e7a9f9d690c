import { filter } from '../graph.ts';
import { commonArguments, groupOfPictures, type VideoTarget } from './video-target.ts';

export function vaapiDevice(node: string): string[] {
  return ['-init_hw_device', `vaapi=va:${node},driver=iHD`, '-filter_hw_device', 'va'];
}

export function vaapiUpload({ bitDepth }: VideoTarget): string[] {
  return [filter('format', { pix_fmts: bitDepth === 10 ? 'p010le' : 'nv12' }), filter('hwupload')];
}

/** Arguments that encode through VA-API, for drivers without a working VPL runtime. */
export function vaapiArguments(target: VideoTarget, lowPower: boolean): string[] {
  const { codec, rate } = target;
  const gop = groupOfPictures(target) ?? 256;
  return [
    '-c:v',
    `${codec}_vaapi`,
    ...(rate.kind === 'quality'
      ? ['-rc_mode', 'CQP', codec === 'av1' || codec === 'vp9' ? '-global_quality' : '-qp', String(rate.value)]
      : ['-rc_mode', 'VBR', '-b:v', String(rate.mean), '-maxrate', String(rate.max), '-bufsize', String(2 * rate.max)]),
    ...(lowPower ? ['-low_power', '1'] : []),
    '-g',
    String(gop),
    ...commonArguments(target),
  ];
}
