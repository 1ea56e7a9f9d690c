import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Acceleration } from '../../model/job/render-job.ts';
import type { EncoderBackend, EncoderFallback, FallbackReason } from '../../model/status/result.ts';
import type { Capabilities, GpuDevice, GpuEncode } from '../gpu/capabilities.ts';
import { vaapiRate } from './vaapi-rate.ts';
import type { VideoTarget } from './video-target.ts';

export interface BackendChain {
  readonly backend: Exclude<EncoderBackend, 'copy'>;
  readonly device?: GpuDevice;
  readonly fallbacks: readonly EncoderFallback[];
}

const gpuBackends = ['qsv-full', 'qsv-encode', 'vaapi'] as const;
type GpuBackend = (typeof gpuBackends)[number];

/** What the choice of a backend depends on. */
type BackendTarget = Pick<VideoTarget, 'codec' | 'bitDepth' | 'rate'>;

/**
 * The best backend that can encode all targets on one device, with the reason for every better one that cannot.
 * Throws GPU_UNAVAILABLE when a GPU is required and no backend can be used.
 *
 * @param cpuFrames Why frames must pass through main memory before they are encoded; absent when they need not.
 */
export function chooseBackend(
  acceleration: Acceleration,
  capabilities: Capabilities,
  targets: readonly BackendTarget[],
  cpuFrames: string | undefined,
): BackendChain {
  if (acceleration === 'Disabled')
    return {
      backend: 'software',
      fallbacks: gpuBackends.map((from) => ({
        from,
        cause: 'acceleration-disabled',
        message: 'acceleration is Disabled',
      })),
    };
  const fallbacks: EncoderFallback[] = [];
  for (const backend of gpuBackends) {
    const device = capabilities.devices.find((candidate) =>
      targets.every((target) => encodeOf(candidate, backend, target) !== undefined),
    );
    const reason =
      capabilities.unavailable[backend] ?? (backend === 'qsv-full' ? cpuFramesReason(cpuFrames) : undefined);
    if (reason === undefined && device !== undefined) return { backend, device, fallbacks };
    const { cause, message } = reason ?? missingReason(capabilities, backend, targets);
    fallbacks.push({ from: backend, cause, message: message.slice(0, bounds.fallbackMessage) });
  }
  if (acceleration === 'Required') {
    const why = fallbacks.map(({ from, message }) => `${from}: ${message}`).join('; ');
    throw new CodedError(
      'GPU_UNAVAILABLE',
      `spec.acceleration: expected a usable Intel GPU, but no backend can be used (${why})`,
      {
        details: [{ path: 'spec.acceleration', message: why }],
      },
    );
  }
  return { backend: 'software', fallbacks };
}

/** The encode of a device for a target that a trial has shown to work, low power first: it leaves the shader cores free. */
export function encodeOf(device: GpuDevice, backend: GpuBackend, target: BackendTarget): GpuEncode | undefined {
  const fitting = device.encodes.filter(
    (encode) =>
      encode.backend === backend &&
      encode.codec === target.codec &&
      encode.bitDepth === target.bitDepth &&
      // Without HuC firmware, low power has constant quantizers and no rate.
      (backend !== 'vaapi' || vaapiRate(target, encode.rateControls) !== undefined),
  );
  return fitting.find(({ lowPower }) => lowPower) ?? fitting[0];
}

function cpuFramesReason(message: string | undefined): FallbackReason | undefined {
  return message === undefined ? undefined : { cause: 'cpu-frames', message };
}

function missingReason(
  { devices }: Capabilities,
  backend: GpuBackend,
  targets: readonly BackendTarget[],
): FallbackReason {
  if (devices.length === 0) return { cause: 'no-device', message: 'no usable Intel render node' };
  return { cause: 'target-unsupported', message: unsupportedTarget(devices, backend, targets) };
}

function unsupportedTarget(
  devices: readonly GpuDevice[],
  backend: GpuBackend,
  targets: readonly BackendTarget[],
): string {
  const lacking = targets.find((target) => !devices.some((device) => encodeOf(device, backend, target) !== undefined));
  if (lacking === undefined) return 'no single device encodes all outputs';
  const { codec, bitDepth } = lacking;
  const encodes = devices.flatMap((device) => device.encodes).filter((encode) => encode.backend === backend);
  if (encodes.some((encode) => encode.codec === codec && encode.bitDepth === bitDepth))
    return `no device keeps ${codec} to a bit rate here`;
  return `no device encodes ${codec} with ${bitDepth} bits here`;
}
