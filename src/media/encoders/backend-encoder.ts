import { losesFrameRate } from '../filters/frame-rate-loss.ts';
import { chain, filter, type Pad } from '../filters/graph.ts';
import { fraction, type Rational, ratio } from '../filters/numbers.ts';
import type { Capabilities } from '../gpu/capabilities.ts';
import { GpuGraph } from '../gpu/gpu-graph.ts';
import { type BackendChain, encodeOf } from './backend-chain.ts';
import { qsvArguments, qsvDecode, qsvDevice, qsvUpload } from './qsv.ts';
import { softwareArguments } from './software.ts';
import { vaapiArguments, vaapiDevice, vaapiUpload } from './vaapi.ts';
import type { VideoTarget } from './video-target.ts';

interface EncodedFrame {
  readonly pad: Pad;
  readonly args: readonly string[];
  /** A note for the owner of the job. */
  readonly note?: string;
}

/** How one backend encodes finished frames; one instance for all outputs of a command. */
export interface BackendEncoder {
  readonly backend: BackendChain['backend'];
  /** Arguments before the first input, which open the device. */
  readonly globals: readonly string[];
  readonly encode: (pad: Pad, target: VideoTarget) => EncodedFrame;
  /** Frames for an encoder on the CPU, beside those that this backend encodes. */
  readonly toMemory: (pad: Pad) => Pad;
  /** The work, as `FilterPad.work` names it, that runs at least partly on the CPU; all of it when absent. */
  readonly cpuWork: () => ReadonlySet<string> | undefined;
}

/**
 * @param preset That of the output with the longest look-ahead.
 * @param exact Whether outputs are compared with frames that the CPU has filtered, by a floor of quality.
 */
export function encoderFor(
  { backend, device }: BackendChain,
  preset: VideoTarget['preset'],
  capabilities: Pick<Capabilities, 'ffmpeg' | 'filters'>,
  exact = false,
): BackendEncoder {
  const onCpu = { backend, toMemory: (pad: Pad) => pad, cpuWork: () => undefined };
  if (backend === 'software' || device === undefined) {
    return { ...onCpu, globals: [], encode: (pad, target) => ({ pad, args: softwareArguments(target) }) };
  }
  const { ffmpeg, filters } = capabilities;
  const timed = (encode: BackendEncoder['encode']): BackendEncoder['encode'] => {
    return (pad, target) =>
      target.variable && losesFrameRate(pad, ffmpeg) ? onGrid(pad, target, encode) : encode(pad, target);
  };
  if (backend === 'vaapi') {
    return {
      ...onCpu,
      globals: vaapiDevice(device.node),
      encode: timed((pad, target) => ({
        pad: chain(pad, ...vaapiUpload(target)),
        args: vaapiArguments(target, encodeOf(device, backend, target) ?? { lowPower: false }),
      })),
    };
  }
  const lowPower = (target: VideoTarget): boolean => encodeOf(device, backend, target)?.lowPower ?? false;
  const globals = qsvDevice(device.node);
  if (backend === 'qsv-encode') {
    return {
      ...onCpu,
      globals,
      encode: timed((pad, target) => ({
        pad: chain(pad, ...qsvUpload(target)),
        args: qsvArguments(target, lowPower(target)),
      })),
    };
  }
  const graph = new GpuGraph({ decode: qsvDecode(preset), ffmpeg, overlays: filters.has('overlay_qsv'), exact });
  return {
    backend,
    globals,
    encode: timed((pad, target) => ({
      pad: graph.toEncoder(pad, target.bitDepth),
      args: qsvArguments(target, lowPower(target), target.variable ? 'resampled' : 'kept'),
    })),
    toMemory: (pad) => graph.toMemory(pad),
    cpuWork: () => graph.cpuWork,
  };
}

/** Common frame rates, ascending. */
const grids: readonly Rational[] = [
  { num: 24_000, den: 1001 },
  { num: 25, den: 1 },
  { num: 30_000, den: 1001 },
  { num: 30, den: 1 },
  { num: 50, den: 1 },
  { num: 60_000, den: 1001 },
  { num: 60, den: 1 },
  { num: 120, den: 1 },
];

/**
 * Frames of a variable rate on a grid, where FFmpeg cannot pass the rate to a GPU encoder: given the time base instead,
 * Quick Sync rejects it and VA-API spends no bits on any frame. A grid not coarser than the mean rate drops hardly a frame.
 */
function onGrid(pad: Pad, target: VideoTarget, encode: BackendEncoder['encode']): EncodedFrame {
  const frameRate = grids.find((grid) => ratio(grid) >= ratio(target.frameRate)) ?? target.frameRate;
  const fps = fraction(frameRate);
  const steady = chain(pad, filter('fps', { fps, start_time: 0 }));
  const note = `Frames of the variable rate were put on a grid of ${fps} per second: after a cut, FFmpeg 7 cannot pass their rate to a GPU.`;
  return { ...encode(steady, { ...target, frameRate, variable: false }), note };
}
