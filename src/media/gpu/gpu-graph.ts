import { type Memory, memoize } from '../../lib/memoize.ts';
import {
  chain,
  type Filter,
  type FilterPad,
  filter,
  join,
  type Layer,
  type Pad,
  type StreamPad,
} from '../filters/graph.ts';
import { filterText } from '../filters/write-graph.ts';
import type { VideoStream } from '../probe/probe.ts';
import { cpuDecodeReason } from './gpu-decode.ts';
import { type GpuForm, gpuForm, hasOtherMethod, isToneMap, toneMapFiltersAt, turnRank } from './gpu-filters.ts';
import {
  appended,
  begun,
  type Colours,
  downloaded,
  filtered,
  fits,
  flushed,
  type GpuFrames,
  type MainFrames,
  onGrid,
  toneMapped,
  uploaded,
} from './gpu-frames.ts';

export interface GpuGraphOptions {
  /** Options of an input that is decoded into GPU memory. */
  readonly decode: readonly string[];
  readonly ffmpeg: readonly [major: number, minor: number];
  /** Whether this FFmpeg has overlay_qsv. */
  readonly overlays: boolean;
  /** Whether pictures are compared with those that the CPU makes, so that other methods will not do. */
  readonly exact?: boolean;
}

/**
 * Turns filter graphs for the CPU into graphs for Quick Sync: decoding, and every filter that the GPU can do, moves into
 * GPU memory; frames come down where a filter needs them in main memory, and go up once, after the last such filter.
 *
 * One instance serves all outputs of a command, so that what they share is decoded, processed, downloaded and uploaded
 * once. See gpu-filters.ts for what the GPU can do.
 */
export class GpuGraph {
  readonly #decode: readonly string[];
  readonly #saysColours: boolean;
  readonly #overlays: boolean;
  readonly #mapsTones: boolean;
  readonly #exact: boolean;
  readonly #placed: Memory<Pad, GpuFrames | MainFrames> = new Map();
  // What the same frames went through already, so that outputs which are alike up to a point share the work up to there.
  readonly #gpuSteps: Memory<GpuFrames, Memory<string, GpuFrames>> = new Map();
  readonly #cpuSteps: Memory<MainFrames, Memory<string, MainFrames>> = new Map();
  readonly #down: Memory<GpuFrames, MainFrames> = new Map();
  readonly #up: Memory<MainFrames, GpuFrames> = new Map();
  readonly #whole: Memory<GpuFrames, GpuFrames | undefined> = new Map();
  /** Pads that work of the CPU reads: what else it needs of them is made there too. */
  readonly #read = new Set<Pad>();
  readonly #cpuWork = new Map<Pad, string>();
  readonly #sinks: Pad[] = [];

  constructor({ decode, ffmpeg: [major, minor], overlays, exact = false }: GpuGraphOptions) {
    this.#decode = decode;
    this.#overlays = overlays;
    this.#mapsTones = major >= 7 && !exact;
    this.#exact = exact;
    this.#saysColours = major > 6 || (major === 6 && minor >= 1);
  }

  /** The picture in GPU memory with this depth, ready for an encoder there. */
  toEncoder(pad: Pad, bits: 8 | 10): Pad {
    const format = filter('format', { pix_fmts: bits === 10 ? 'yuv420p10le' : 'yuv420p' });
    const frames = this.#onGpu(this.#place(pad).bits === bits ? pad : chain(pad, format));
    this.#sinks.push(frames.pad);
    return frames.pad;
  }

  /** The picture in main memory, for what is encoded there. */
  toMemory(pad: Pad): Pad {
    const { pad: made } = this.#inMemory(pad);
    this.#sinks.push(made);
    return made;
  }

  /** The work, in the words of `FilterPad.work`, of which something is done by the CPU. */
  get cpuWork(): ReadonlySet<string> {
    const found = new Set<string>();
    const seen = new Set<Pad>();
    const visit = (pad: Pad): void => {
      if (seen.has(pad)) return;
      seen.add(pad);
      const work = this.#cpuWork.get(pad);
      if (work !== undefined) found.add(work);
      if (pad.from === 'filter') pad.inputs.forEach(visit);
    };
    this.#sinks.forEach(visit);
    return found;
  }

  /** Frames where the graph leaves them when nothing is ever brought up again. */
  #place(pad: Pad, work = ''): GpuFrames | MainFrames {
    return memoize(this.#placed, pad, () =>
      pad.from === 'stream' ? this.#stream(pad) : this.#filters(pad, pad.work ?? work),
    );
  }

  #stream(pad: StreamPad): GpuFrames | MainFrames {
    const { video } = pad;
    const bits = (video?.bitDepth ?? 8) > 8 ? 10 : 8;
    const known = { bits, colours: video === undefined ? {} : coloursOf(video), steady: false } as const;
    if (video === undefined || cpuDecodeReason(video) !== undefined) return { ...known, memory: 'main', pad };
    const decoded: StreamPad = { ...pad, decode: this.#decode };
    const frames: GpuFrames = {
      ...known,
      memory: 'gpu',
      pad: decoded,
      saysLight: video.hdr !== undefined && video.hdrInFrames !== true,
    };
    if (video.rotation === 0) return frames;
    // FFmpeg does not turn what the GPU decodes, and would tell players to turn what we have turned.
    const untold = chain(decoded, filter('sidedata', { mode: 'delete', type: 'DISPLAYMATRIX' }));
    const { transpose, filters } = turns[video.rotation];
    return begun({ ...frames, pad: untold }, { rank: turnRank, options: { transpose }, filters });
  }

  /** The first filters of a pad, where they can be without bringing frames up. */
  #filters(pad: FilterPad, work: string, count = pad.filters.length): GpuFrames | MainFrames {
    const [only, ...others] = pad.inputs;
    if (pad.layer !== undefined && only !== undefined) {
      const under = this.#place(only, work);
      const laid = under.memory === 'gpu' ? this.#overlaid(under, pad.layer) : undefined;
      if (laid !== undefined) return laid;
    }
    if (only === undefined || others.length > 0) return this.#joined(pad, work, count);
    if (pad.guard === true) {
      const decoded = this.#place(only, work);
      if (decoded.memory === 'gpu') return decoded;
    }
    let frames = this.#read.has(only) ? this.#inMemory(only, work) : this.#place(only, work);
    const filters = pad.filters.slice(0, count);
    for (let at = 0; at < filters.length; at += 1) {
      const mapping = toneMapFiltersAt(filters, at);
      const mapped = mapping.length === 0 ? undefined : this.#toneMapped(frames, mapping);
      if (mapped !== undefined) at += mapping.length - 1;
      const next = filters[at];
      frames = mapped ?? (next === undefined ? frames : this.#filter(frames, next, work));
    }
    return frames;
  }

  #toneMapped(frames: GpuFrames | MainFrames, mapping: readonly Filter[]): GpuFrames | undefined {
    if (frames.memory === 'main' || frames.saysLight !== true || !this.#mapsTones) return undefined;
    const ready = this.#flushed(frames);
    return (
      ready &&
      memoize(
        memoize(this.#gpuSteps, ready, () => new Map()),
        mapping.map(filterText).join(),
        () => toneMapped(ready, mapping),
      )
    );
  }

  #formOf(next: Filter): GpuForm | undefined {
    return this.#exact && hasOtherMethod(next) ? undefined : gpuForm(next);
  }

  #filter(frames: GpuFrames | MainFrames, next: Filter, work: string): GpuFrames | MainFrames {
    if (frames.memory === 'main') return this.#filteredOnCpu(frames, next, work);
    return this.#filteredOnGpu(frames, next) ?? this.#filteredOnCpu(this.#downloaded(frames), next, work);
  }

  #filteredOnGpu(frames: GpuFrames, next: Filter): GpuFrames | undefined {
    const form = this.#formOf(next);
    if (form === undefined) return undefined;
    const ready = fits(frames, form) ? frames : this.#flushed(frames);
    if (ready === undefined) return undefined;
    return memoize(
      memoize(this.#gpuSteps, ready, () => new Map()),
      filterText(next),
      () => appended(ready, next, form),
    );
  }

  #filteredOnCpu(frames: MainFrames, next: Filter, work: string): MainFrames {
    const made = memoize(
      memoize(this.#cpuSteps, frames, () => new Map()),
      filterText(next),
      () => filtered(frames, next),
    );
    this.#cpuWork.set(made.pad, isToneMap(next) ? 'tonemap' : work);
    return made;
  }

  /** What reads several pads, or none, in main memory. */
  #joined({ inputs, filters }: FilterPad, work: string, count: number): MainFrames {
    const read = inputs.map((input) => {
      const frames = this.#inMemory(input, work);
      this.#read.add(input);
      return frames;
    });
    const [first = { memory: 'main', bits: 8, colours: {}, steady: false } as const] = read;
    const [head, ...rest] = filters.slice(0, count);
    const pads = read.map((input) => input.pad);
    const joined: MainFrames = { ...first, pad: join('video', pads, ...(head === undefined ? [] : [head])) };
    this.#cpuWork.set(joined.pad, work);
    return rest.reduce((frames, next) => this.#filteredOnCpu(frames, next, work), joined);
  }

  #inMemory(pad: Pad, work = ''): MainFrames {
    const frames = this.#place(pad, work);
    return frames.memory === 'main' ? frames : this.#downloaded(frames);
  }

  /** Frames in GPU memory with nothing pending, after as many filters there as are left after the last of the CPU. */
  #onGpu(pad: Pad): GpuFrames {
    const frames = this.#place(pad);
    const { made } = this.#raised(pad, '') ?? {};
    const ready = made && this.#flushed(made);
    // An encoder takes the rate from the frames; those without a grid are timed one by one.
    return (
      (ready && (onGrid(ready) ?? ready)) ??
      this.#uploaded(frames.memory === 'main' ? frames : this.#downloaded(frames))
    );
  }

  /** `worth`: whether something but a change of format is done on the GPU by going up early. */
  #raised(pad: Pad, above: string): { readonly made: GpuFrames; readonly worth: boolean } | undefined {
    const frames = this.#place(pad, above);
    if (frames.memory === 'gpu') return { made: frames, worth: true };
    if (pad.from === 'stream') return undefined;
    const work = pad.work ?? above;
    const [only, ...others] = pad.inputs;
    if (pad.layer !== undefined && only !== undefined) {
      const under = this.#raised(only, work);
      const made = under && this.#overlaid(under.made, pad.layer);
      return made && { made, worth: true };
    }
    const start = pad.filters.map((next) => this.#formOf(next)).lastIndexOf(undefined) + 1;
    const base =
      start === 0 && only !== undefined && others.length === 0
        ? this.#raised(only, work)
        : { made: this.#uploaded(this.#cpuPart(pad, start, work)), worth: false };
    let { made, worth }: { made?: GpuFrames | undefined; worth: boolean } = base ?? { worth: false };
    for (const next of pad.filters.slice(start)) {
      const form = this.#formOf(next);
      made = made && this.#filteredOnGpu(made, next);
      worth ||= form?.how === 'processed' && !Object.hasOwn(form.options, 'format');
    }
    return made !== undefined && worth ? { made, worth } : { made: this.#uploaded(frames), worth: false };
  }

  #cpuPart(pad: FilterPad, count: number, work: string): MainFrames {
    const frames = count === pad.filters.length ? this.#place(pad, work) : this.#filters(pad, work, count);
    return frames.memory === 'main' ? frames : this.#downloaded(frames);
  }

  /** A layer over frames in GPU memory; its compositor makes 8-bit pictures (FFmpeg 6 and before). */
  #overlaid(frames: GpuFrames, { pad, x, y, endless }: Layer): GpuFrames | undefined {
    const whole = this.#flushed(frames);
    const under = whole && onGrid(whole);
    if (under?.bits !== 8 || !this.#overlays) return undefined;
    const format = filter('format', { pix_fmts: 'bgra' });
    const layer = chain(this.#inMemory(pad).pad, format, filter('hwupload', { extra_hw_frames: 16 }));
    const end = endless ? { shortest: 1 } : { eof_action: 'repeat' };
    return { ...under, pad: join('video', [under.pad, layer], filter('overlay_qsv', { x, y, ...end })) };
  }

  #flushed(frames: GpuFrames): GpuFrames | undefined {
    return memoize(this.#whole, frames, () => flushed(frames, this.#saysColours));
  }

  #downloaded(frames: GpuFrames): MainFrames {
    const whole = this.#flushed(frames) ?? frames;
    return memoize(this.#down, whole, () => downloaded(whole, this.#saysColours));
  }

  #uploaded(frames: MainFrames): GpuFrames {
    return memoize(this.#up, frames, () => uploaded(frames));
  }
}

/** The turn that a file asks for, on the GPU and on the CPU. */
const turns = {
  90: { transpose: 'clock', filters: [filter('transpose', { dir: 'clock' })] },
  180: { transpose: 'reversal', filters: [filter('hflip'), filter('vflip')] },
  270: { transpose: 'cclock', filters: [filter('transpose', { dir: 'cclock' })] },
} as const;

function coloursOf({ colorSpace, colorPrimaries, colorTransfer }: VideoStream): Colours {
  const said = (name: string | undefined): name is string => name !== undefined && !/^(unknown|reserved)$/.test(name);
  return {
    ...(said(colorSpace) && { matrix: colorSpace }),
    ...(said(colorPrimaries) && { primaries: colorPrimaries }),
    ...(said(colorTransfer) && { transfer: colorTransfer }),
  };
}
