import { type Filter, filter } from '../filters/graph.ts';

/** Options of vpp_qsv by their names. */
export type ProcessorOptions = Readonly<Record<string, string | number>>;

/** What happens to frames in GPU memory where a filter stands. */
export type GpuForm =
  /** They pass as they are: only their times or their notes change, and the filter is the same as on the CPU. */
  | { readonly how: 'passes'; readonly early: boolean }
  /** The GPU's processor does it; steps of growing rank fit into one pass of it. */
  | {
      readonly how: 'processed';
      readonly rank: number;
      readonly options: ProcessorOptions;
      /** What vpp_qsv does not say of its frames: it gives them the notes of those it was given (FFmpeg 7.1). */
      readonly notes?: readonly Filter[];
    };

type Options = Readonly<Record<string, string>>;

/** Time filters may stand before processing that comes before them: a frame's picture and its time do not meet. */
const passes: GpuForm = { how: 'passes', early: true };
/** Processing changes the shape of pixels, so that what says their shape stays behind it. */
const passesLate: GpuForm = { how: 'passes', early: false };

const ranks = { deinterlace: 0, crop: 1, denoise: 2, detail: 3, size: 4, format: 5 } as const;

/** Tones are mapped before the picture is scaled. */
export const toneMapRank: number = ranks.detail;
/** A turn is one pass with a change of size. */
export const turnRank: number = ranks.size;

function processed(rank: keyof typeof ranks, options: ProcessorOptions): Extract<GpuForm, { how: 'processed' }> {
  return { how: 'processed', rank: ranks[rank], options };
}

/**
 * How the GPU does what a filter does on the CPU; `undefined` where only the CPU can. Options that vpp_qsv has no word
 * for count as such: a filter is done as it is meant, or not here.
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
  // What is taken away may be what processing goes by.
  sidedata: () => passesLate,
  // Frames of its own colour would have to be made in main memory.
  tpad: (options) => (only(options, 'stop', 'stop_mode') && options['stop_mode'] === 'clone' ? passes : undefined),
  // To look for scenes it must see the picture.
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
      ? { ...processed('deinterlace', { deinterlace: 'advanced' }), notes: [filter('setfield', { mode: 'prog' })] }
      : undefined,
  hqdn3d: ({ luma_spatial = '' }) => processed('denoise', { denoise: share(Number(luma_spatial) / strongest.denoise) }),
  unsharp: ({ luma_amount = '' }) => processed('detail', { detail: share(Number(luma_amount) / strongest.sharpen) }),
};

/** Filters whose pictures the GPU makes by another method: alike for the eye, not for a measurement. */
const otherMethods = ['bwdif', 'hqdn3d', 'unsharp', 'tonemap'];

export function hasOtherMethod({ name }: Filter): boolean {
  return otherMethods.includes(name);
}

export function isToneMap({ name }: Filter): boolean {
  return name === 'tonemap';
}

const toneMapping = ['zscale', 'format', 'zscale', 'tonemap', 'zscale', 'format'];

/** The filters from this one on that together bring a PQ picture to BT.709 (tone-map.ts); none where others stand. */
export function toneMapFiltersAt(filters: readonly Filter[], at: number): readonly Filter[] {
  const run = filters.slice(at);
  const [first] = run;
  const same = toneMapping.every((name, index) => run[index]?.name === name);
  if (!same || first?.options['transferin'] !== 'smpte2084') return [];
  // With those that take away what said that the picture was HDR.
  const after = run.findIndex(({ name }, index) => index >= toneMapping.length && name !== 'sidedata');
  return after < 0 ? run : run.slice(0, after);
}

/** What a strength of 100 is on the CPU: hqdn3d's spatial strength, and unsharp's amount. */
export const strongest = { denoise: 16, sharpen: 2 } as const;

/** The depth of the 4:2:0 formats that pictures have between operations. */
export function bitsOfFormat(format: string): 8 | 10 | undefined {
  if (format === 'yuv420p') return 8;
  return format === 'yuv420p10le' ? 10 : undefined;
}

/** How the GPU keeps 4:2:0 pictures. */
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
