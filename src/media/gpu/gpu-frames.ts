import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { bitsOfFormat, type GpuForm, type ProcessorOptions, surfaceFormat, toneMapRank } from './gpu-filters.ts';

/** The colour tags of frames, in FFmpeg's names; untagged ones are absent. */
export interface Colours {
  readonly matrix?: string;
  readonly primaries?: string;
  readonly transfer?: string;
}

/** What is known of frames wherever they are. */
interface Frames {
  readonly pad: Pad;
  readonly bits: 8 | 10;
  readonly colours: Colours;
  /** The constant rate that an `fps` filter has brought frames to. */
  readonly rate?: string;
  /** Whether they are still on the grid of that rate. */
  readonly steady: boolean;
}

export interface MainFrames extends Frames {
  readonly memory: 'main';
}

/** Frames in GPU memory; `pad` is their state before the pending steps, which are collected into one pass. */
export interface GpuFrames extends Frames {
  readonly memory: 'gpu';
  readonly pending?: Pending;
  /** Whether they carry the peak brightness of the film, without which the processor maps no tones. */
  readonly hasLightLevel?: boolean;
}

interface Pending {
  readonly rank: number;
  readonly options: ProcessorOptions;
  /** The depth before it. */
  readonly bits: 8 | 10;
  /** The same work as filters of the CPU. */
  readonly filters: readonly Filter[];
  /** Filters after the pass that set properties of the frames. */
  readonly propertyFilters: readonly Filter[];
}

/** One more filter in main memory. */
export function filtered(frames: MainFrames, added: Filter): MainFrames {
  return { ...described(frames, added), memory: 'main', pad: chain(frames.pad, added) };
}

/** Whether a filter can be added while steps are pending. */
export function fits({ pending }: GpuFrames, form: GpuForm): boolean {
  if (pending === undefined) return true;
  if (form.how === 'passes') return form.early;
  return form.rank > pending.rank || isHalfTurn(pending, form);
}

function isHalfTurn({ options }: Pending, form: GpuForm): boolean {
  return form.how === 'processed' && options['transpose'] === 'hflip' && form.options['transpose'] === 'vflip';
}

/** One more filter in GPU memory, which fits. */
export function appended(frames: GpuFrames, added: Filter, form: GpuForm): GpuFrames {
  if (form.how === 'passes') return { ...described(frames, added), pad: chain(frames.pad, added) };
  const { bits } = described(frames, added);
  if (Object.keys(form.options).join() === 'format' && bits === frames.bits) return frames;
  const { pending } = frames;
  const propertyFilters = form.propertyFilters ?? [];
  if (pending === undefined) return begun(frames, { ...form, filters: [added], propertyFilters });
  const options = { ...pending.options, ...(isHalfTurn(pending, form) ? { transpose: 'reversal' } : form.options) };
  const filters = [...pending.filters, added];
  const all = [...pending.propertyFilters, ...propertyFilters];
  return { ...frames, bits, pending: { ...pending, rank: form.rank, options, filters, propertyFilters: all } };
}

/** Frames with a first pending step. */
export function begun(
  frames: GpuFrames,
  {
    rank,
    options,
    filters,
    propertyFilters = [],
  }: Pick<Pending, 'rank' | 'options' | 'filters'> & Partial<Pick<Pending, 'propertyFilters'>>,
): GpuFrames {
  const { bits } = filters.reduce((now, next) => described(now, next), frames);
  return { ...frames, bits, pending: { rank, options, bits: frames.bits, filters, propertyFilters } };
}

const bt709: Colours = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };

/** HDR frames with nothing pending, with tone mapping as the first pending step: what these filters do on the CPU. */
export function toneMapped(frames: GpuFrames, filters: readonly Filter[]): GpuFrames {
  const { bits } = filters.reduce((now, next) => described(now, next), frames);
  const options = { tonemap: 1, format: surfaceFormat(bits) };
  const tags = { range: 'tv', color_primaries: 'bt709', color_trc: 'bt709', colorspace: 'bt709' };
  const propertyFilters = [filter('setparams', tags), ...filters.filter(({ name }) => name === 'sidedata')];
  const mapped = begun(frames, { rank: toneMapRank, options, filters, propertyFilters });
  return { ...mapped, colours: bt709, hasLightLevel: false };
}

/**
 * Frames with nothing pending; `undefined` where vpp_qsv would have to process frames that are on no grid: it rounds
 * their times to the rate of its input.
 *
 * @param setsColours For FFmpeg 6.1 and later, which converts pixels to BT.709 where the output's colours are not set.
 */
export function flushed(frames: GpuFrames, setsColours: boolean): GpuFrames | undefined {
  const { pending, ...rest } = frames;
  if (pending === undefined) return frames;
  const ready = onGrid(rest);
  if (ready === undefined) return undefined;
  const { matrix, primaries, transfer } = frames.colours;
  const colours = { out_color_matrix: matrix, out_color_primaries: primaries, out_color_transfer: transfer };
  // With frames in flight FFmpeg 7.1 loses the last of them where the end of the stream comes together with a frame.
  const process = filter('vpp_qsv', { ...pending.options, ...(setsColours && colours), async_depth: 0 });
  return { ...ready, pad: chain(ready.pad, process, ...pending.propertyFilters) };
}

/** The same frames with the frame rate that processing needs: setpts drops it (FFmpeg 7). */
export function onGrid(frames: GpuFrames): GpuFrames | undefined {
  if (frames.steady) return frames;
  const { rate } = frames;
  if (rate === undefined) return undefined;
  return { ...frames, steady: true, pad: chain(frames.pad, filter('fps', { fps: rate, start_time: 0 })) };
}

/** Frames in main memory that were in GPU memory; pending steps that cannot be done there are done on the CPU. */
export function downloaded(frames: GpuFrames, setsColours: boolean): MainFrames {
  const ready = flushed(frames, setsColours);
  const { pad, pending, ...rest } = ready ?? frames;
  const bits = pending?.bits ?? rest.bits;
  const planar = bits === 10 ? 'yuv420p10le' : 'yuv420p';
  const formats = [surfaceFormat(bits), planar].map((format) => filter('format', { pix_fmts: format }));
  const down: MainFrames = { ...rest, memory: 'main', bits, pad: chain(pad, filter('hwdownload'), ...formats) };
  return (pending?.filters ?? []).reduce(filtered, down);
}

/** Frames in GPU memory that were in main memory. */
export function uploaded({ pad, ...rest }: MainFrames): GpuFrames {
  const format = filter('format', { pix_fmts: surfaceFormat(rest.bits) });
  return { ...rest, memory: 'gpu', pad: chain(pad, format, filter('hwupload', { extra_hw_frames: 64 })) };
}

/** Frames with what is known of them after a filter. */
function described<T extends Frames>(frames: T, { name, options }: Filter): T {
  switch (name) {
    case 'fps':
      return { ...frames, rate: options['fps'], steady: true };
    case 'setpts':
      return { ...frames, steady: false };
    case 'format':
      return { ...frames, bits: bitsOfFormat(options['pix_fmts'] ?? '') ?? frames.bits };
    case 'zscale':
      return recoloured(frames, options['matrix'], options['primaries'], options['transfer']);
    case 'setparams':
      return recoloured(frames, options['colorspace'], options['color_primaries'], options['color_trc']);
    case 'scale':
      return recoloured(frames, options['out_color_matrix']);
    default:
      return frames;
  }
}

function recoloured<T extends Frames>(frames: T, matrix?: string, primaries?: string, transfer?: string): T {
  const now: Colours = {
    ...frames.colours,
    ...(matrix !== undefined && { matrix }),
    ...(primaries !== undefined && { primaries }),
    ...(transfer !== undefined && { transfer }),
  };
  return { ...frames, colours: now };
}
