import type { GpuEncode } from '../capabilities.ts';
import { type MediaTools, runTool } from './run-tool.ts';

const codecs = ['h264', 'hevc', 'av1', 'vp9'] as const;
const picture = 'color=black:s=1280x720:r=30';
/** A trial takes well under a second; a driver that hangs is not usable. */
const trialTimeoutMs = 20_000;

/**
 * The combinations of rung, codec, bit depth and low power of which a short encode on the device succeeds. Nothing else
 * is proof: what the runtime lists and what it takes differ between generations, drivers and kernels.
 */
export async function proveEncodes(
  node: string,
  encoders: ReadonlySet<string>,
  tools: MediaTools,
  signal: AbortSignal,
): Promise<GpuEncode[]> {
  const proved: GpuEncode[] = [];
  for (const rung of ['qsv-encode', 'qsv-full', 'vaapi'] as const) {
    for (const codec of codecs) {
      if (!encoders.has(`${codec}_${rung === 'vaapi' ? 'vaapi' : 'qsv'}`)) continue;
      for (const bitDepth of codec === 'h264' ? ([8] as const) : ([8, 10] as const)) {
        for (const lowPower of [true, false]) {
          const trial = { rung, codec, bitDepth, lowPower };
          // What cannot be encoded by itself cannot be encoded after a filter either.
          if (rung === 'qsv-full' && !proved.some((other) => sameButRung(other, trial))) continue;
          if (await succeeds(trialArguments(node, trial), tools, signal)) proved.push(trial);
        }
      }
    }
  }
  return proved;
}

/**
 * Arguments of one trial: 30 black frames, for qsv-full through the GPU's filter as well. Whether the device decodes a
 * source is found out by the job itself, which steps down when it does not.
 */
export function trialArguments(node: string, { rung, codec, bitDepth, lowPower }: GpuEncode): string[] {
  const format = bitDepth === 10 ? 'p010le' : 'nv12';
  const source = ['-f', 'lavfi', '-i', picture, '-frames:v', '30'];
  const end = ['-f', 'null', '-'];
  const power = ['-low_power', lowPower ? '1' : '0'];
  if (rung === 'vaapi') {
    const device = ['-init_hw_device', `vaapi=va:${node},driver=iHD`, '-filter_hw_device', 'va'];
    return [...device, ...source, '-vf', `format=${format},hwupload`, '-c:v', `${codec}_vaapi`, ...power, ...end];
  }
  const device = [
    '-init_hw_device',
    `vaapi=va:${node},driver=iHD`,
    '-init_hw_device',
    'qsv=qs@va',
    '-filter_hw_device',
    'qs',
  ];
  const upload = `format=${format},hwupload=extra_hw_frames=64`;
  const filter = rung === 'qsv-full' ? `${upload},vpp_qsv=format=${format}` : upload;
  return [...device, ...source, '-vf', filter, '-c:v', `${codec}_qsv`, ...power, ...end];
}

function sameButRung(a: GpuEncode, b: GpuEncode): boolean {
  return a.rung === 'qsv-encode' && a.codec === b.codec && a.bitDepth === b.bitDepth && a.lowPower === b.lowPower;
}

async function succeeds(argv: readonly string[], tools: MediaTools, signal: AbortSignal): Promise<boolean> {
  const fixed = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror'];
  const limits = { timeoutMs: trialTimeoutMs, outputBytes: 1024, signal };
  const { exitCode } = await runTool(tools.ffmpeg, [...fixed, ...argv], tools.env, limits);
  return exitCode === 0;
}
