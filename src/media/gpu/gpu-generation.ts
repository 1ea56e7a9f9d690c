import type { GpuEncode } from './capabilities.ts';

type Codec = GpuEncode['codec'];

/** A generation of Intel GPUs. It explains findings; what a GPU can do is decided by trial encodes alone. */
export interface GpuGeneration {
  readonly name: string;
  /** The library through which FFmpeg reaches Quick Sync there; absent where there is none. */
  readonly runtime?: 'libmfx-gen1.2' | 'libmfx1';
  /** Most bits per sample that its encoders support, by codec; a codec that is absent cannot be encoded. */
  readonly encodes: Readonly<Partial<Record<Codec, 8 | 10>>>;
  /** Whether the shader cores can encode beside the low-power engine; needs the non-free build of the VA driver. */
  readonly fullFeature: boolean;
}

const upToHevc = { h264: 8, hevc: 8 } as const;
const upToHevc10 = { h264: 8, hevc: 10 } as const;
const upToVp9 = { h264: 8, hevc: 10, vp9: 10 } as const;
const upToAv1 = { h264: 8, hevc: 10, vp9: 10, av1: 10 } as const;

const legacy = { runtime: 'libmfx1', fullFeature: true } as const;
const gen12 = { runtime: 'libmfx-gen1.2', fullFeature: true, encodes: upToVp9 } as const;
const arc = { runtime: 'libmfx-gen1.2', fullFeature: false, encodes: upToAv1 } as const;

/**
 * Ranges of PCI device numbers (Linux, include/drm/intel/pciids.h) and what their encoders can do (the feature table of
 * github.com/intel/media-driver; libmfx-gen serves Tiger Lake and later).
 */
const generations: readonly (readonly [ids: readonly (readonly [number, number])[], GpuGeneration])[] = [
  [[[0x1602, 0x163e]], { name: 'Broadwell', ...legacy, encodes: { h264: 8 } }],
  [[[0x1902, 0x193d]], { name: 'Skylake', ...legacy, encodes: upToHevc }],
  [
    [
      [0x0a84, 0x0a84],
      [0x1a84, 0x1a85],
      [0x5a84, 0x5a85],
    ],
    { name: 'Apollo Lake', ...legacy, encodes: upToHevc },
  ],
  [[[0x3184, 0x3185]], { name: 'Gemini Lake', ...legacy, encodes: upToHevc10 }],
  [
    [
      [0x5902, 0x593b],
      [0x87c0, 0x87c0],
    ],
    { name: 'Kaby Lake', ...legacy, encodes: upToHevc10 },
  ],
  [
    [
      [0x3e90, 0x3ea9],
      [0x87ca, 0x87ca],
      [0x9b21, 0x9bf6],
    ],
    { name: 'Coffee Lake or Comet Lake', ...legacy, encodes: upToHevc10 },
  ],
  [[[0x8a50, 0x8a71]], { name: 'Ice Lake', ...legacy, encodes: upToVp9 }],
  [
    [
      [0x4541, 0x4571],
      [0x4e51, 0x4e71],
    ],
    { name: 'Elkhart Lake or Jasper Lake', ...legacy, fullFeature: false, encodes: upToVp9 },
  ],
  [[[0x9a40, 0x9af8]], { name: 'Tiger Lake', ...gen12 }],
  [[[0x4c80, 0x4c9a]], { name: 'Rocket Lake', ...gen12 }],
  [[[0x4905, 0x4909]], { name: 'DG1', ...gen12 }],
  [
    [
      [0x4626, 0x462a],
      [0x4680, 0x46d4],
    ],
    { name: 'Alder Lake', ...gen12 },
  ],
  [[[0xa720, 0xa7ad]], { name: 'Raptor Lake', ...gen12 }],
  [[[0x56c0, 0x56c2]], { name: 'Data Center GPU Flex', ...arc }],
  [[[0x5690, 0x56bf]], { name: 'Arc A (DG2)', ...arc }],
  [
    [
      [0x7d40, 0x7dd5],
      [0xb640, 0xb640],
    ],
    { name: 'Meteor Lake or Arrow Lake', ...arc },
  ],
  [[[0x6420, 0x64b0]], { name: 'Lunar Lake', ...arc }],
  [[[0xe202, 0xe223]], { name: 'Arc B (Battlemage)', ...arc }],
  [[[0xb080, 0xb0b0]], { name: 'Panther Lake', ...arc }],
  [[[0x0b69, 0x0be5]], { name: 'Data Center GPU Max', fullFeature: false, encodes: {} }],
];

/** The generation of an Intel GPU by its PCI device number, for example 0x56a0; `undefined` for one that is not listed. */
export function generationOf(device: string | undefined): GpuGeneration | undefined {
  if (device === undefined || !/^0x[0-9a-f]{1,4}$/i.test(device)) return undefined;
  const id = Number.parseInt(device, 16);
  return generations.find(([ranges]) => ranges.some(([from, to]) => id >= from && id <= to))?.[1];
}

const vendors: Readonly<Record<string, string>> = {
  '0x8086': 'Intel',
  '0x1002': 'AMD',
  '0x10de': 'NVIDIA',
  '0x1a03': 'ASPEED',
  '0x1af4': 'virtio',
  '0x1b36': 'Red Hat',
  '0x1234': 'QEMU',
  '0x1414': 'Microsoft',
  '0x15ad': 'VMware',
  '0x102b': 'Matrox',
};

export const intelVendor = '0x8086';

/** `AMD` for 0x1002; the number itself for a vendor that is not listed. */
export function vendorName(vendor: string): string {
  return vendors[vendor.toLowerCase()] ?? vendor;
}
