import { type Memory, memoize } from '../../lib/memoize.ts';
import { chain, type Filter, type FilterPad, filter, join, type Pad, type StreamPad } from '../filters/graph.ts';
import type { VideoStream } from '../probe/probe.ts';
import { cpuDecodeReason } from './gpu-decode.ts';
import { isToneMap, leadingToneMap, turnRank } from './gpu-filters.ts';
import { begun, type Colours, type GpuFrames, type MainFrames, onGrid } from './gpu-frames.ts';
import { GpuSteps, type GpuStepsOptions } from './gpu-steps.ts';

export interface GpuGraphOptions extends GpuStepsOptions {
  /** Options of an input that is decoded into GPU memory. */
  readonly decode: readonly string[];
}

/** Frames on the GPU after an early upload. */
interface Raised {
  readonly frames: GpuFrames | undefined;
  /** Whether the early upload moves more than a change of format to the GPU. */
  readonly worth: boolean;
}

/**
 * Turns filter graphs for the CPU into graphs for Quick Sync: decoding, and every filter that the GPU can do, moves into
 * GPU memory. It takes two passes. The first decides filter by filter from the input on: frames stay on the GPU up to the
 * first filter that it cannot do, are downloaded there, and stay in main memory. The second, for an encoder on the GPU,
 * uploads them after the last filter of the CPU instead of at the end.
 *
 * One instance serves all outputs of a command, so that what they share is decoded, processed, downloaded and uploaded
 * once. See gpu-filters.ts for what the GPU can do.
 */
export class GpuGraph {
  readonly #decode: readonly string[];
  readonly #steps: GpuSteps;
  readonly #firstPasses: Memory<Pad, GpuFrames | MainFrames> = new Map();
  /** Pads that filters of the CPU read: whatever else reads them is done there too. */
  readonly #read = new Set<Pad>();
  readonly #cpuWork = new Map<Pad, string>();
  readonly #sinks: Pad[] = [];

  constructor({ decode, ...options }: GpuGraphOptions) {
    this.#decode = decode;
    this.#steps = new GpuSteps(options);
  }

  /** The video in GPU memory with this depth, ready for an encoder there. */
  toEncoder(pad: Pad, bits: 8 | 10): Pad {
    const format = filter('format', { pix_fmts: bits === 10 ? 'yuv420p10le' : 'yuv420p' });
    const frames = this.#onGpu(this.#firstPass(pad).bits === bits ? pad : chain(pad, format));
    this.#sinks.push(frames.pad);
    return frames.pad;
  }

  /** The video in main memory, for what is encoded there. */
  toMemory(pad: Pad): Pad {
    const frames = this.#inMemory(pad);
    this.#sinks.push(frames.pad);
    return frames.pad;
  }

  /** The work, by the names of `FilterPad.work`, of which a part is done by the CPU. */
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

  // First pass: from the input on, with downloads only.

  #firstPass(pad: Pad, work = ''): GpuFrames | MainFrames {
    return memoize(this.#firstPasses, pad, () =>
      pad.from === 'stream' ? this.#decoded(pad) : this.#filtered(pad, pad.work ?? work),
    );
  }

  #decoded(pad: StreamPad): GpuFrames | MainFrames {
    const { video } = pad;
    const bits = (video?.bitDepth ?? 8) > 8 ? 10 : 8;
    const known = { bits, colours: video === undefined ? {} : coloursOf(video), steady: false } as const;
    if (video === undefined || cpuDecodeReason(video) !== undefined) return { ...known, memory: 'main', pad };
    const decoded: StreamPad = { ...pad, decode: this.#decode };
    const hasLightLevel = video.hdr !== undefined && video.hdrInFrames !== true;
    const frames: GpuFrames = { ...known, memory: 'gpu', pad: decoded, hasLightLevel };
    if (video.rotation === 0) return frames;
    // FFmpeg does not rotate what the GPU decodes, and would keep the display matrix, so that players rotate once more.
    const unmarked = chain(decoded, filter('sidedata', { mode: 'delete', type: 'DISPLAYMATRIX' }));
    const { transpose, filters } = rotations[video.rotation];
    return begun({ ...frames, pad: unmarked }, { rank: turnRank, options: { transpose }, filters });
  }

  /** The first `count` filters of a pad. */
  #filtered(pad: FilterPad, work: string, count = pad.filters.length): GpuFrames | MainFrames {
    const overlaid = this.#overlaid(pad, work);
    if (overlaid !== undefined) return overlaid;
    const [only, ...others] = pad.inputs;
    if (only === undefined || others.length > 0) return this.#joined(pad, work, count);
    const input = this.#firstPass(only, work);
    if (pad.guard === true && input.memory === 'gpu') return input;
    const start = this.#read.has(only) ? this.#steps.inMemory(input) : input;
    return this.#chained(start, pad.filters.slice(0, count), work);
  }

  #overlaid({ inputs: [under], layer }: FilterPad, work: string): GpuFrames | undefined {
    if (layer === undefined || under === undefined) return undefined;
    const frames = this.#firstPass(under, work);
    return frames.memory === 'gpu' ? this.#withLayer(frames, layer) : undefined;
  }

  #withLayer(frames: GpuFrames, layer: NonNullable<FilterPad['layer']>): GpuFrames | undefined {
    return this.#steps.overlaid(frames, layer, () => this.#inMemory(layer.pad));
  }

  /** Filters with several inputs, or with none, in main memory. */
  #joined({ inputs, filters }: FilterPad, work: string, count: number): MainFrames {
    const read = inputs.map((input) => {
      const frames = this.#inMemory(input, work);
      this.#read.add(input);
      return frames;
    });
    const [first = { memory: 'main', bits: 8, colours: {}, steady: false } as const] = read;
    const pads = read.map((input) => input.pad);
    const joined: MainFrames = { ...first, pad: join('video', pads, ...filters.slice(0, Math.min(1, count))) };
    this.#cpuWork.set(joined.pad, work);
    return filters.slice(1, count).reduce((frames, next) => this.#onCpu(frames, next, work), joined);
  }

  #chained(start: GpuFrames | MainFrames, filters: readonly Filter[], work: string): GpuFrames | MainFrames {
    let frames = start;
    let rest = filters;
    for (let [next] = rest; next !== undefined; [next] = rest) {
      const mapping = frames.memory === 'gpu' ? leadingToneMap(rest) : [];
      const mapped =
        frames.memory === 'gpu' && mapping.length > 0 ? this.#steps.toneMapped(frames, mapping) : undefined;
      const done = mapped ?? (frames.memory === 'gpu' ? this.#steps.onGpu(frames, next) : undefined);
      frames = done ?? this.#onCpu(this.#steps.inMemory(frames), next, work);
      rest = rest.slice(mapped === undefined ? 1 : mapping.length);
    }
    return frames;
  }

  #onCpu(frames: MainFrames, next: Filter, work: string): MainFrames {
    const done = this.#steps.onCpu(frames, next);
    this.#cpuWork.set(done.pad, isToneMap(next) ? 'tonemap' : work);
    return done;
  }

  #inMemory(pad: Pad, work = ''): MainFrames {
    return this.#steps.inMemory(this.#firstPass(pad, work));
  }

  // Second pass: uploads after the last filter of the CPU.

  /** Frames in GPU memory with nothing pending. */
  #onGpu(pad: Pad): GpuFrames {
    const { frames } = this.#secondPass(pad, '');
    const ready = frames && this.#steps.flushed(frames);
    // An encoder takes the rate from the frames; those without a grid are timed one by one.
    return (ready && (onGrid(ready) ?? ready)) ?? this.#steps.uploaded(this.#inMemory(pad));
  }

  #secondPass(pad: Pad, above: string): Raised {
    const frames = this.#firstPass(pad, above);
    if (frames.memory === 'gpu') return { frames, worth: true };
    if (pad.from === 'stream') return { frames: undefined, worth: false };
    const work = pad.work ?? above;
    const [under] = pad.inputs;
    if (pad.layer !== undefined && under !== undefined) {
      const raised = this.#secondPass(under, work).frames;
      return { frames: raised && this.#withLayer(raised, pad.layer), worth: true };
    }
    const raised = this.#raised(pad, work);
    return raised.frames !== undefined && raised.worth
      ? raised
      : { frames: this.#steps.uploaded(frames), worth: false };
  }

  /** The filters of a pad with an upload after the last one that the GPU cannot do. */
  #raised(pad: FilterPad, work: string): Raised {
    const [only, ...others] = pad.inputs;
    const start = pad.filters.map((next) => this.#steps.formOf(next)).lastIndexOf(undefined) + 1;
    let { frames, worth } =
      start === 0 && only !== undefined && others.length === 0
        ? this.#secondPass(only, work)
        : { frames: this.#steps.uploaded(this.#cpuPart(pad, start, work)), worth: false };
    for (const next of pad.filters.slice(start)) {
      const form = this.#steps.formOf(next);
      frames = frames && this.#steps.onGpu(frames, next);
      worth ||= form?.how === 'processed' && !Object.hasOwn(form.options, 'format');
    }
    return { frames, worth };
  }

  #cpuPart(pad: FilterPad, count: number, work: string): MainFrames {
    const whole = count === pad.filters.length;
    return this.#steps.inMemory(whole ? this.#firstPass(pad, work) : this.#filtered(pad, work, count));
  }
}

/** The rotation of a file, on the GPU and on the CPU. */
const rotations = {
  90: { transpose: 'clock', filters: [filter('transpose', { dir: 'clock' })] },
  180: { transpose: 'reversal', filters: [filter('hflip'), filter('vflip')] },
  270: { transpose: 'cclock', filters: [filter('transpose', { dir: 'cclock' })] },
} as const;

function coloursOf({ colorSpace, colorPrimaries, colorTransfer }: VideoStream): Colours {
  const known = (name: string | undefined): name is string => name !== undefined && !/^(unknown|reserved)$/.test(name);
  return {
    ...(known(colorSpace) && { matrix: colorSpace }),
    ...(known(colorPrimaries) && { primaries: colorPrimaries }),
    ...(known(colorTransfer) && { transfer: colorTransfer }),
  };
}
