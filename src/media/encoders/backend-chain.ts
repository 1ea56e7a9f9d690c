import { CodedError } from '../../errors/coded-error.ts';
import type { Acceleration } from '../../model/job/render-job.ts';
import type { EncoderBackend } from '../../model/status/result.ts';
import type { Capabilities, GpuDevice, GpuEncode } from '../gpu/capabilities.ts';
import { vaapiRate } from './vaapi-rate.ts';
import type { VideoTarget } from './video-target.ts';

export interface BackendChain {
  readonly backend: Exclude<EncoderBackend, 'copy'>;
  readonly device?: GpuDevice;
  readonly fallbacks: readonly { readonly from: EncoderBackend; readonly reason: string }[];
}

const gpuBackends = ['qsv-full', 'qsv-encode', 'vaapi'] as const;
type GpuBackend = (typeof gpuBackends)[number];

/** What the choice of a backend depends on. */
type BackendTarget = Pick<VideoTarget, 'codec' | 'bitDepth' | 'rate'>;

/**
 * The best backend that can encode all targets on one device, with the reason for every better one that cannot.
 * Throws GPU_UNAVAILABLE when a GPU is required and none will do.
 *
 * @param cpuPicture Why the picture must pass through the CPU before it is encoded; absent when it need not.
 */
export function chooseBackend(
  acceleration: Acceleration,
  capabilities: Capabilities,
  targets: readonly BackendTarget[],
  cpuVideo: string | undefined,
): BackendChain {
  if (acceleration === 'Disabled')
    return {
      backend: 'software',
      fallbacks: gpuBackends.map((from) => ({ from, reason: 'acceleration is Disabled' })),
    };
  const fallbacks: { from: EncoderBackend; reason: string }[] = [];
  for (const backend of gpuBackends) {
    const device = capabilities.devices.find((candidate) =>
      targets.every((target) => encodeOf(candidate, backend, target) !== undefined),
    );
    const reason = capabilities.unavailable[backend] ?? (backend === 'qsv-full' ? cpuVideo : undefined);
    if (reason === undefined && device !== undefined) return { backend, device, fallbacks };
    fallbacks.push({ from: backend, reason: (reason ?? missingReason(capabilities, backend, targets)).slice(0, 160) });
  }
  if (acceleration === 'Required') {
    const why = fallbacks.map(({ from, reason }) => `${from}: ${reason}`).join('; ');
    throw new CodedError('GPU_UNAVAILABLE', `spec.acceleration: expected a usable Intel GPU, got none (${why})`, {
      details: [{ path: 'spec.acceleration', message: why }],
    });
  }
  return { backend: 'software', fallbacks };
}

/** The proved encode of a device for a target, low power first: it leaves the shader cores free. */
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

function missingReason({ devices }: Capabilities, backend: GpuBackend, targets: readonly BackendTarget[]): string {
  if (devices.length === 0) return 'no usable Intel render node';
  const lacking = targets.find((target) => !devices.some((device) => encodeOf(device, backend, target) !== undefined));
  if (lacking === undefined) return 'no single device encodes all outputs';
  const { codec, bitDepth } = lacking;
  const encodes = devices.flatMap((device) => device.encodes).filter((encode) => encode.backend === backend);
  if (encodes.some((encode) => encode.codec === codec && encode.bitDepth === bitDepth))
    return `no device keeps ${codec} to a bit rate here`;
  return `no device encodes ${codec} with ${bitDepth} bits here`;
}
