import type { GpuEncode } from '../../src/media/gpu/capabilities.ts';
import type { DeviceTrials, MachineFacts, NodeFacts } from '../../src/media/gpu/device-facts.ts';

/** A node of a healthy Arc A770 that was opened and on which every trial encode succeeded. */
export function nodeFacts(change: Partial<NodeFacts> = {}): NodeFacts {
  return {
    node: '/dev/dri/renderD128',
    vendor: '0x8086',
    device: '0x56a0',
    driver: 'i915',
    owner: { uid: 0, gid: 104, group: 'render', mode: 0o660, device: true },
    opening: { vaDriver: 'Intel iHD driver - 25.2.3', sessionApi: '2.14' },
    trials: trials({}),
    ...change,
  };
}

/** A machine with one such node and without problems. */
export function machineFacts(change: Partial<MachineFacts> = {}): MachineFacts {
  return {
    dri: '/dev/dri',
    nodes: [nodeFacts()],
    kernelNodes: ['renderD128'],
    displays: [{ address: '0000:03:00.0', vendor: '0x8086', device: '0x56a0', driver: 'i915' }],
    surroundings: 'host',
    user: { uid: 1000, name: 'ann', groups: [1000], listedIn: [] },
    runtimes: ['/usr/lib/x86_64-linux-gnu/libmfx-gen.so.1.2'],
    ffmpeg: { program: 'ffmpeg', qsv: true, vaapi: true, dispatcher: 'libvpl' },
    ...change,
  };
}

/** Trial encodes that all succeed except those that `fails` selects. */
export function trials({
  fails = () => false,
  error = 'unsupported (-3)',
  lowPowerNeedsHuc = false,
  hangs = false,
}: {
  readonly fails?: (encode: GpuEncode) => boolean;
  readonly error?: string;
  readonly lowPowerNeedsHuc?: boolean;
  readonly hangs?: boolean;
}): DeviceTrials {
  const all = (['qsv-encode', 'qsv-full'] as const).flatMap((backend) =>
    (['h264', 'hevc', 'av1', 'vp9'] as const).flatMap((codec) =>
      (codec === 'h264' ? ([8] as const) : ([8, 10] as const)).flatMap((bitDepth) =>
        [true, false].map((lowPower): GpuEncode => ({ backend, codec, bitDepth, lowPower })),
      ),
    ),
  );
  return {
    encodes: all.filter((encode) => !fails(encode)),
    failed: all.filter(fails).map((encode) => ({ ...encode, error })),
    lowPowerNeedsHuc,
    hangs,
  };
}
