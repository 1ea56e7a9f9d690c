import { CodedError } from '../../errors/error-table.ts';
import type { Acceleration } from '../../model/job/render-job.ts';
import type { Rung } from '../../model/status/result.ts';
import type { Capabilities, GpuDevice, GpuEncode } from '../gpu/capabilities.ts';
import { vaapiRate } from './vaapi-rate.ts';
import type { VideoTarget } from './video-target.ts';

export interface Ladder {
  readonly rung: Exclude<Rung, 'copy'>;
  readonly device?: GpuDevice;
  readonly stepsDown: readonly { readonly from: Rung; readonly reason: string }[];
}

const gpuRungs = ['qsv-full', 'qsv-encode', 'vaapi'] as const;
type GpuRung = (typeof gpuRungs)[number];

/** What the choice of a rung depends on. */
type RungTarget = Pick<VideoTarget, 'codec' | 'bitDepth' | 'rate'>;

/**
 * The best rung that can encode all targets on one device, with the reason for every better one that cannot.
 * Throws GPU_UNAVAILABLE when a GPU is required and none will do.
 *
 * @param cpuPicture Why the picture must pass through the CPU before it is encoded; absent when it need not.
 */
export function chooseRung(
  acceleration: Acceleration,
  capabilities: Capabilities,
  targets: readonly RungTarget[],
  cpuPicture: string | undefined,
): Ladder {
  if (acceleration === 'Disabled')
    return { rung: 'software', stepsDown: gpuRungs.map((from) => ({ from, reason: 'acceleration is Disabled' })) };
  const stepsDown: { from: Rung; reason: string }[] = [];
  for (const rung of gpuRungs) {
    const device = capabilities.devices.find((candidate) =>
      targets.every((target) => encodeOf(candidate, rung, target) !== undefined),
    );
    const reason = capabilities.unavailable[rung] ?? (rung === 'qsv-full' ? cpuPicture : undefined);
    if (reason === undefined && device !== undefined) return { rung, device, stepsDown };
    stepsDown.push({ from: rung, reason: (reason ?? missingReason(capabilities, rung, targets)).slice(0, 160) });
  }
  if (acceleration === 'Required') {
    const why = stepsDown.map(({ from, reason }) => `${from}: ${reason}`).join('; ');
    throw new CodedError('GPU_UNAVAILABLE', `spec.acceleration: expected a usable Intel GPU, got none (${why})`, {
      details: [{ path: 'spec.acceleration', message: why }],
    });
  }
  return { rung: 'software', stepsDown };
}

/** The proved encode of a device for a target, low power first: it leaves the shader cores free. */
export function encodeOf(device: GpuDevice, rung: GpuRung, target: RungTarget): GpuEncode | undefined {
  const fitting = device.encodes.filter(
    (encode) =>
      encode.rung === rung &&
      encode.codec === target.codec &&
      encode.bitDepth === target.bitDepth &&
      // Without HuC firmware, low power has constant quantizers and no rate.
      (rung !== 'vaapi' || vaapiRate(target, encode.rateControls) !== undefined),
  );
  return fitting.find(({ lowPower }) => lowPower) ?? fitting[0];
}

function missingReason({ devices }: Capabilities, rung: GpuRung, targets: readonly RungTarget[]): string {
  if (devices.length === 0) return 'no usable Intel render node';
  const lacking = targets.find((target) => !devices.some((device) => encodeOf(device, rung, target) !== undefined));
  if (lacking === undefined) return 'no single device encodes all outputs';
  const { codec, bitDepth } = lacking;
  const encodes = devices.flatMap((device) => device.encodes).filter((encode) => encode.rung === rung);
  if (encodes.some((encode) => encode.codec === codec && encode.bitDepth === bitDepth))
    return `no device keeps ${codec} to a bit rate here`;
  return `no device encodes ${codec} with ${bitDepth} bits here`;
}
