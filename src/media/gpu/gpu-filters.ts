import { type Filter, filter } from '../filters/graph.ts';

/** Options of vpp_qsv by their names. */
export type ProcessorOptions = Readonly<Record<string, string | number>>;

/** What happens to frames in GPU memory instead of a filter of the CPU. */
export type GpuForm =
  /** They pass unchanged: only their times or properties change, and the filter is the same as on the CPU. */
  | { readonly how: 'passes'; readonly early: boolean }
  /** The GPU's processor does it; steps of growing rank fit into one pass of it. */
  | {
      readonly how: 'processed';
      readonly rank: number;
      readonly options: ProcessorOptions;
      /** Filters that set the properties of frames which vpp_qsv copies from its input although they changed (FFmpeg 7.1). */
      readonly propertyFilters?: readonly Filter[];
    };

type Options = Readonly<Record<string, string>>;

/** Time filters may be moved before earlier processing: the content of a frame and its time are independent. */
const passes: GpuForm = { how: 'passes', early: true };
/** Processing changes the pixel aspect ratio, so a filter that sets it stays after the processing. */
const passesLate: GpuForm = { how: 'passes', early: false };

const ranks = { deinterlace: 0, crop: 1, denoise: 2, detail: 3, size: 4, format: 5 } as const;

/** Tones are mapped before frames are scaled. */
export const toneMapRank: number = ranks.detail;
/** A rotation is one pass with a change of size. */
export const turnRank: number = ranks.size;

function processed(rank: keyof typeof ranks, options: ProcessorOptions): Extract<GpuForm, { how: 'processed' }> {
  return { how: 'processed', rank: ranks[rank], options };
}

/**
 * How the GPU does what a filter does on the CPU; `undefined` where only the CPU can. That includes options without an
 * equivalent in vpp_qsv: a filter is done exactly, or not on the GPU.
 */
export function gpuForm({ name, options }: Filter): GpuForm | undefined {
  return Object.hasOwn(forms, name) ? forms[name]?.(options) : undefined;
}

const forms: Readonly<Record<string, (options: Options) => GpuForm | undefined>> = {
  fps: () => passes,
  trim: () => passes,
  setpts: () => passes,
  settb: () => passes,
  setfield: () => passes,
  setparams: () => passes,
  null: () => passes,
  setsar: () => passesLate,
  // Processing may depend on the side data that is removed.
  sidedata: () => passesLate,
  // Frames of a colour would have to be created in main memory.
  tpad: (options) => (only(options, 'stop', 'stop_mode') && options['stop_mode'] === 'clone' ? passes : undefined),
  // Scene detection reads the frames.
  select: ({ expr = '' }) => (expr.includes('scene') ? undefined : passes),
  format: ({ pix_fmts = '' }) => {
    const bits = bitsOfFormat(pix_fmts);
    return bits === undefined ? undefined : processed('format', { format: surfaceFormat(bits) });
  },
  scale: (options) => {
    const { w = '', h = '' } = options;
    if (!only(options, 'w', 'h', 'flags') || !isLength(w) || !isLength(h)) return undefined;
    return processed('size', { w: Number(w), h: Number(h) });
  },
  crop: (options) => {
    const { w = '', h = '', x = '', y = '' } = options;
    if (!only(options, 'w', 'h', 'x', 'y') || ![w, h, x, y].every(isLength)) return undefined;
    return processed('crop', {
      cw: Number(w),
      ch: Number(h),
      cx: Number(x),
      cy: Number(y),
      w: Number(w),
      h: Number(h),
    });
  },
  transpose: ({ dir = '' }) =>
    dir === 'clock' || dir === 'cclock' ? processed('size', { transpose: dir }) : undefined,
  hflip: () => processed('size', { transpose: 'hflip' }),
  vflip: () => processed('size', { transpose: 'vflip' }),
  bwdif: ({ mode }) =>
    mode === 'send_frame'
      ? {
          ...processed('deinterlace', { deinterlace: 'advanced' }),
          propertyFilters: [filter('setfield', { mode: 'prog' })],
        }
      : undefined,
  hqdn3d: ({ luma_spatial = '' }) => processed('denoise', { denoise: share(Number(luma_spatial) / strongest.denoise) }),
  unsharp: ({ luma_amount = '' }) => processed('detail', { detail: share(Number(luma_amount) / strongest.sharpen) }),
};

/** Filters for which the GPU uses another method: similar to the eye, different in a measurement. */
const otherMethods = ['bwdif', 'hqdn3d', 'unsharp', 'tonemap'];

export function hasOtherMethod({ name }: Filter): boolean {
  return otherMethods.includes(name);
}

export function isToneMap({ name }: Filter): boolean {
  return name === 'tonemap';
}

const toneMapping = ['zscale', 'format', 'zscale', 'tonemap', 'zscale', 'format'];

/** The first filters where they together convert PQ to BT.709 (tone-map.ts); none where they do not. */
export function leadingToneMap(filters: readonly Filter[]): readonly Filter[] {
  const [first] = filters;
  const same = toneMapping.every((name, index) => filters[index]?.name === name);
  if (!same || first?.options['transferin'] !== 'smpte2084') return [];
  // With those that remove the HDR metadata.
  const after = filters.findIndex(({ name }, index) => index >= toneMapping.length && name !== 'sidedata');
  return after < 0 ? filters : filters.slice(0, after);
}

/** What a strength of 100 is on the CPU: hqdn3d's spatial strength, and unsharp's amount. */
export const strongest = { denoise: 16, sharpen: 2 } as const;

/** The depth of the 4:2:0 formats that frames have between operations. */
export function bitsOfFormat(format: string): 8 | 10 | undefined {
  if (format === 'yuv420p') return 8;
  return format === 'yuv420p10le' ? 10 : undefined;
}

/** The format of 4:2:0 frames in GPU memory. */
export function surfaceFormat(bits: 8 | 10): 'nv12' | 'p010le' {
  return bits === 10 ? 'p010le' : 'nv12';
}

function only(options: Options, ...known: readonly string[]): boolean {
  return Object.keys(options).every((key) => known.includes(key));
}

function isLength(text: string): boolean {
  return /^\d+$/.test(text);
}

/** 1 to 100, as vpp_qsv counts strength. */
function share(part: number): number {
  return Math.min(100, Math.max(1, Math.round(part * 100)));
}
