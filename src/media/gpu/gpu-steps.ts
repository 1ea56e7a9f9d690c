import { type Memory, memoize } from '../../lib/memoize.ts';
import { chain, type Filter, filter, join, type Layer } from '../filters/graph.ts';
import { filterText } from '../filters/write-graph.ts';
import { type GpuForm, gpuForm, hasOtherMethod } from './gpu-filters.ts';
import {
  appended,
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

export interface GpuStepsOptions {
  readonly ffmpeg: readonly [major: number, minor: number];
  /** Whether this FFmpeg has overlay_qsv. */
  readonly overlays: boolean;
  /** Whether frames are compared with those of the CPU, so that other methods cannot be used. */
  readonly exact?: boolean;
}

/**
 * Single steps from frames to frames. The same step on the same frames returns the same result, so that outputs which are
 * alike up to a point share the work up to there.
 */
export class GpuSteps {
  readonly #setsColours: boolean;
  readonly #mapsTones: boolean;
  readonly #overlays: boolean;
  readonly #exact: boolean;
  readonly #gpu: Memory<GpuFrames, Memory<string, GpuFrames>> = new Map();
  readonly #cpu: Memory<MainFrames, Memory<string, MainFrames>> = new Map();
  readonly #down: Memory<GpuFrames, MainFrames> = new Map();
  readonly #up: Memory<MainFrames, GpuFrames> = new Map();
  readonly #whole: Memory<GpuFrames, GpuFrames | undefined> = new Map();

  constructor({ ffmpeg: [major, minor], overlays, exact = false }: GpuStepsOptions) {
    this.#setsColours = major > 6 || (major === 6 && minor >= 1);
    this.#mapsTones = major >= 7 && !exact;
    this.#overlays = overlays;
    this.#exact = exact;
  }

  /** How the GPU does a filter; `undefined` where it is done by the CPU. */
  formOf(next: Filter): GpuForm | undefined {
    return this.#exact && hasOtherMethod(next) ? undefined : gpuForm(next);
  }

  /** A filter on the GPU; `undefined` where these frames cannot go through it there. */
  onGpu(frames: GpuFrames, next: Filter): GpuFrames | undefined {
    const form = this.formOf(next);
    if (form === undefined) return undefined;
    const ready = fits(frames, form) ? frames : this.flushed(frames);
    return ready && memoize(stepsOf(this.#gpu, ready), filterText(next), () => appended(ready, next, form));
  }

  /** A filter on the CPU. */
  onCpu(frames: MainFrames, next: Filter): MainFrames {
    return memoize(stepsOf(this.#cpu, frames), filterText(next), () => filtered(frames, next));
  }

  /** The filters of a tone mapping as one step of the GPU; `undefined` where it cannot map the tones of these frames. */
  toneMapped(frames: GpuFrames, mapping: readonly Filter[]): GpuFrames | undefined {
    if (frames.hasLightLevel !== true || !this.#mapsTones) return undefined;
    const ready = this.flushed(frames);
    const key = mapping.map(filterText).join();
    return ready && memoize(stepsOf(this.#gpu, ready), key, () => toneMapped(ready, mapping));
  }

  /** A layer over frames in GPU memory; its compositor produces 8-bit frames (FFmpeg 6 and before). */
  overlaid(frames: GpuFrames, { x, y, endless }: Layer, layer: () => MainFrames): GpuFrames | undefined {
    const whole = this.flushed(frames);
    const under = whole && onGrid(whole);
    if (under?.bits !== 8 || !this.#overlays) return undefined;
    const format = filter('format', { pix_fmts: 'bgra' });
    const above = chain(layer().pad, format, filter('hwupload', { extra_hw_frames: 16 }));
    const end = endless ? { shortest: 1 } : { eof_action: 'repeat' };
    return { ...under, pad: join('video', [under.pad, above], filter('overlay_qsv', { x, y, ...end })) };
  }

  /** Frames with nothing pending; `undefined` where the pending steps cannot be done on the GPU. */
  flushed(frames: GpuFrames): GpuFrames | undefined {
    return memoize(this.#whole, frames, () => flushed(frames, this.#setsColours));
  }

  inMemory(frames: GpuFrames | MainFrames): MainFrames {
    if (frames.memory === 'main') return frames;
    const whole = this.flushed(frames) ?? frames;
    return memoize(this.#down, whole, () => downloaded(whole, this.#setsColours));
  }

  uploaded(frames: MainFrames): GpuFrames {
    return memoize(this.#up, frames, () => uploaded(frames));
  }
}

function stepsOf<F>(steps: Memory<F, Memory<string, F>>, frames: F): Memory<string, F> {
  return memoize(steps, frames, () => new Map());
}
