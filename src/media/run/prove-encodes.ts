import type { GpuEncode } from '../capabilities.ts';
import { type MediaTools, runTool, type ToolRun } from './run-tool.ts';

/** What trials on a device have shown. */
export interface DeviceTrials {
  readonly encodes: readonly GpuEncode[];
  /** Why nothing works, when nothing does: what FFmpeg said. */
  readonly problem?: string;
}

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
): Promise<DeviceTrials> {
  const opened = await trial(
    [...vaDevice(node), '-f', 'lavfi', '-i', picture, '-frames:v', '1', '-f', 'null', '-'],
    tools,
    signal,
  );
  if (opened.exitCode !== 0) return { encodes: [], problem: `${node} could not be opened: ${firstLine(opened)}` };

  const proved: GpuEncode[] = [];
  let refusal: string | undefined;
  for (const candidate of candidates(encoders)) {
    // What cannot be encoded by itself cannot be encoded after a filter either.
    if (candidate.rung === 'qsv-full' && !proved.some((other) => isPlain(other, candidate))) continue;
    const run = await trial(trialArguments(node, candidate), tools, signal);
    if (run.exitCode === 0) proved.push(candidate);
    else refusal ??= firstLine(run);
  }
  if (proved.length > 0) return { encodes: proved };
  return { encodes: [], problem: `every trial encode failed on ${node}: ${refusal ?? 'FFmpeg has no encoder for it'}` };
}

/** Arguments of one trial: 30 black frames, for qsv-full through the GPU's filter too; decoders are tried by the jobs. */
export function trialArguments(node: string, { rung, codec, bitDepth, lowPower }: GpuEncode): string[] {
  const format = bitDepth === 10 ? 'p010le' : 'nv12';
  const source = ['-f', 'lavfi', '-i', picture, '-frames:v', '30'];
  const power = ['-low_power', lowPower ? '1' : '0', '-f', 'null', '-'];
  if (rung === 'vaapi') {
    const filter = ['-filter_hw_device', 'va', ...source, '-vf', `format=${format},hwupload`];
    return [...vaDevice(node), ...filter, '-c:v', `${codec}_vaapi`, ...power];
  }
  const upload = `format=${format},hwupload=extra_hw_frames=64`;
  // Of another size: vpp_qsv passes on what it need not change, and the filter would not be tried.
  const filter = rung === 'qsv-full' ? `${upload},vpp_qsv=w=640:h=360:format=${format}` : upload;
  const device = [...vaDevice(node), '-init_hw_device', 'qsv=qs@va', '-filter_hw_device', 'qs'];
  return [...device, ...source, '-vf', filter, '-c:v', `${codec}_qsv`, ...power];
}

/** The node is always named: FFmpeg's own choice may be another maker's GPU. */
function vaDevice(node: string): string[] {
  return ['-init_hw_device', `vaapi=va:${node},driver=iHD`];
}

function candidates(encoders: ReadonlySet<string>): GpuEncode[] {
  return (['qsv-encode', 'qsv-full', 'vaapi'] as const).flatMap((rung) =>
    codecs
      .filter((codec) => encoders.has(`${codec}_${rung === 'vaapi' ? 'vaapi' : 'qsv'}`))
      .flatMap((codec) =>
        (codec === 'h264' ? ([8] as const) : ([8, 10] as const)).map((bitDepth) => ({ rung, codec, bitDepth })),
      )
      .flatMap((combination) => [true, false].map((lowPower) => ({ ...combination, lowPower }))),
  );
}

function isPlain(other: GpuEncode, candidate: GpuEncode): boolean {
  const { codec, bitDepth, lowPower } = candidate;
  return (
    other.rung === 'qsv-encode' && other.codec === codec && other.bitDepth === bitDepth && other.lowPower === lowPower
  );
}

function trial(argv: readonly string[], tools: MediaTools, signal: AbortSignal): Promise<ToolRun> {
  const fixed = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror'];
  return runTool(tools.ffmpeg, [...fixed, ...argv], tools.env, {
    timeoutMs: trialTimeoutMs,
    outputBytes: 1024,
    signal,
  });
}

function firstLine({ stderr, exceeded, signal }: ToolRun): string {
  if (exceeded === 'time') return `no end within ${trialTimeoutMs / 1000} s`;
  const line = stderr.split('\n').find((text) => text.trim() !== '');
  return line?.replace(/ @ 0x[0-9a-f]+\]/, ']').slice(0, 120) ?? `ended by ${signal ?? 'an error'}`;
}
