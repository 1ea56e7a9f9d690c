import type { Hardware } from '../command.ts';
import { chain, type Pad } from '../graph.ts';
import { encodeOf, type Ladder } from './ladder.ts';
import { qsvArguments, qsvDecode, qsvDevice, qsvProcess, qsvUpload } from './qsv.ts';
import { softwareArguments, softwareEncoders } from './software.ts';
import { vaapiArguments, vaapiDevice, vaapiUpload } from './vaapi.ts';
import type { VideoTarget } from './video-target.ts';

/** How one rung takes a finished picture into an encoder. */
export interface RungEncoder {
  readonly hardware: Hardware;
  /** True when the rung scales and converts itself, from the decoded stream on. */
  readonly onDevice: boolean;
  readonly name: (target: VideoTarget) => string;
  readonly encode: (pad: Pad, target: VideoTarget) => { readonly pad: Pad; readonly args: readonly string[] };
}

const none: Hardware = { globals: [], decode: [] };

export function encoderFor({ rung, device }: Ladder, preset: VideoTarget['preset']): RungEncoder {
  if (rung === 'software' || device === undefined) {
    return {
      hardware: none,
      onDevice: false,
      name: ({ codec }) => softwareEncoders[codec],
      encode: (pad, target) => ({ pad, args: softwareArguments(target) }),
    };
  }
  if (rung === 'vaapi') {
    return {
      hardware: { globals: vaapiDevice(device.node), decode: [] },
      onDevice: false,
      name: ({ codec }) => `${codec}_vaapi`,
      encode: (pad, target) => ({
        pad: chain(pad, ...vaapiUpload(target)),
        args: vaapiArguments(target, encodeOf(device, rung, target) ?? { lowPower: false }),
      }),
    };
  }
  const full = rung === 'qsv-full';
  const lowPower = (target: VideoTarget): boolean => encodeOf(device, rung, target)?.lowPower ?? false;
  return {
    hardware: { globals: qsvDevice(device.node), decode: full ? qsvDecode(preset) : [] },
    onDevice: full,
    name: ({ codec }) => `${codec}_qsv`,
    encode: (pad, target) => ({
      pad: chain(pad, ...(full ? qsvProcess(target) : qsvUpload(target))),
      args: qsvArguments(target, lowPower(target), full ? 'kept' : 'resampled'),
    }),
  };
}
