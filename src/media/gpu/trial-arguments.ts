import type { GpuEncode } from './capabilities.ts';

const video = 'color=black:s=1280x720:r=30';

/** As jobs ask for it. Without it FFmpeg uses a constant quantizer, which the low-power engine accepts without HuC too. */
const bitRate = ['-b:v', '2M', '-maxrate', '4M'];
export const constantQuantizer = ['-q:v', '26'];

interface TrialOptions {
  readonly rate?: readonly string[];
  readonly frames?: number;
}

/** Arguments of one trial encode: black frames, for qsv-full through the GPU's filter too; decoders are tried by the jobs. */
export function trialArguments(
  node: string,
  { backend, codec, bitDepth, lowPower }: GpuEncode,
  { rate = bitRate, frames = 30 }: TrialOptions = {},
): string[] {
  const format = bitDepth === 10 ? 'p010le' : 'nv12';
  const source = ['-f', 'lavfi', '-i', video, '-frames:v', String(frames)];
  const power = ['-low_power', lowPower ? '1' : '0', ...rate, '-f', 'null', '-'];
  if (backend === 'vaapi') {
    const filter = ['-filter_hw_device', 'va', ...source, '-vf', `format=${format},hwupload`];
    return [...vaDevice(node), ...filter, '-c:v', `${codec}_vaapi`, ...power];
  }
  const upload = `format=${format},hwupload=extra_hw_frames=64`;
  // Of another size: vpp_qsv passes frames on that it need not change, and the filter would not be tried.
  const filter = backend === 'qsv-full' ? `${upload},vpp_qsv=w=640:h=360:format=${format}` : upload;
  const device = [...vaDevice(node), '-init_hw_device', 'qsv=qs@va', '-filter_hw_device', 'qs'];
  return [...device, ...source, '-vf', filter, '-c:v', `${codec}_qsv`, ...power];
}

/** The node is always named: FFmpeg's own choice may be the GPU of another vendor. */
export function vaDevice(node: string): string[] {
  return ['-init_hw_device', `vaapi=va:${node},driver=iHD`];
}
