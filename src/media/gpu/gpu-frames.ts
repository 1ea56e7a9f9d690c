import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { bitsOfFormat, type GpuForm, type ProcessorOptions, surfaceFormat, toneMapRank } from './gpu-filters.ts';

/** What a picture says of its colours, in FFmpeg's names; what it does not say is absent. */
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
  /** Whether they still stand on the grid of that rate. */
  readonly steady: boolean;
}

export interface MainFrames extends Frames {
  readonly memory: 'main';
}

/** Frames in GPU memory; `pad` is what they were before the pending steps, which are gathered into one pass. */
export interface GpuFrames extends Frames {
  readonly memory: 'gpu';
  readonly pending?: Pending;
  /** Whether they say how bright their film gets, without which the processor maps no tones. */
  readonly saysLight?: boolean;
}

interface Pending {
  readonly rank: number;
  readonly options: ProcessorOptions;
  /** The depth before it. */
  readonly bits: 8 | 10;
  /** The same work as filters of the CPU. */
  readonly filters: readonly Filter[];
  /** Filters that follow the pass and change what frames say of themselves. */
  readonly notes: readonly Filter[];
}

/** One filter more in main memory. */
export function filtered(frames: MainFrames, added: Filter): MainFrames {
  return { ...noted(frames, added), memory: 'main', pad: chain(frames.pad, added) };
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

/** One filter more in GPU memory, which fits. */
export function appended(frames: GpuFrames, added: Filter, form: GpuForm): GpuFrames {
  if (form.how === 'passes') return { ...noted(frames, added), pad: chain(frames.pad, added) };
  const { bits } = noted(frames, added);
  if (Object.keys(form.options).join() === 'format' && bits === frames.bits) return frames;
  const { pending } = frames;
  const notes = form.notes ?? [];
  if (pending === undefined) return begun(frames, { ...form, filters: [added], notes });
  const options = { ...pending.options, ...(isHalfTurn(pending, form) ? { transpose: 'reversal' } : form.options) };
  const filters = [...pending.filters, added];
  const both = { ...pending, rank: form.rank, options, filters, notes: [...pending.notes, ...notes] };
  return { ...frames, bits, pending: both };
}

/** Frames with a first pending step. */
export function begun(
  frames: GpuFrames,
  {
    rank,
    options,
    filters,
    notes = [],
  }: Pick<Pending, 'rank' | 'options' | 'filters'> & Partial<Pick<Pending, 'notes'>>,
): GpuFrames {
  const { bits } = filters.reduce((now, next) => noted(now, next), frames);
  return { ...frames, bits, pending: { rank, options, bits: frames.bits, filters, notes } };
}

const bt709: Colours = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };

/** HDR frames with nothing pending whose tones are to be mapped, which is what these filters do on the CPU. */
export function toneMapped(frames: GpuFrames, filters: readonly Filter[]): GpuFrames {
  const { bits } = filters.reduce((now, next) => noted(now, next), frames);
  const options = { tonemap: 1, format: surfaceFormat(bits) };
  const tags = { range: 'tv', color_primaries: 'bt709', color_trc: 'bt709', colorspace: 'bt709' };
  const notes = [filter('setparams', tags), ...filters.filter(({ name }) => name === 'sidedata')];
  const mapped = begun(frames, { rank: toneMapRank, options, filters, notes });
  return { ...mapped, colours: bt709, saysLight: false };
}

/**
 * Frames with nothing pending; `undefined` where vpp_qsv would have to process frames that stand on no grid: it rounds
 * their times to the rate it is told.
 *
 * @param saysColours For FFmpeg 6.1 and later, which converts pixels to BT.709 where the output's colours are not said.
 */
export function flushed(frames: GpuFrames, saysColours: boolean): GpuFrames | undefined {
  const { pending, ...rest } = frames;
  if (pending === undefined) return frames;
  const ready = onGrid(rest);
  if (ready === undefined) return undefined;
  const { matrix, primaries, transfer } = frames.colours;
  const colours = { out_color_matrix: matrix, out_color_primaries: primaries, out_color_transfer: transfer };
  // With frames in flight FFmpeg 7.1 loses the last of them where the end of the stream comes together with a frame.
  const process = filter('vpp_qsv', { ...pending.options, ...(saysColours && colours), async_depth: 0 });
  return { ...ready, pad: chain(ready.pad, process, ...pending.notes) };
}

/** The same frames where the rate is known that processing needs: setpts forgets it (FFmpeg 7). */
export function onGrid(frames: GpuFrames): GpuFrames | undefined {
  if (frames.steady) return frames;
  const { rate } = frames;
  if (rate === undefined) return undefined;
  return { ...frames, steady: true, pad: chain(frames.pad, filter('fps', { fps: rate, start_time: 0 })) };
}

/** Frames in main memory that were in GPU memory; what is pending and cannot be processed there is done here. */
export function downloaded(frames: GpuFrames, saysColours: boolean): MainFrames {
  const ready = flushed(frames, saysColours);
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

/** What a filter changes of what is known. */
function noted<T extends Frames>(frames: T, { name, options }: Filter): T {
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
