import type { Operation } from '../../model/job/operations.ts';
import type { StageSpec } from '../../model/job/stage.ts';
import type { Medium, Pad } from '../filters/graph.ts';
import type { Capabilities } from '../gpu/capabilities.ts';
import type { Probe } from '../probe/probe.ts';
import type { Clip } from './clip.ts';
import type {
  Analysis,
  LoudnessMeasurement,
  Measurements,
  Placement,
  PlannedFile,
  PlannedOutput,
  RunsOn,
} from './plan.ts';
import { planError } from './plan-error.ts';
import { audioPad, type Deinterlace, videoPad } from './source.ts';
import type { AudioState, Timeline, VideoState } from './timeline.ts';

/** What a plan is made from. */
export interface PlanRequest {
  readonly spec: StageSpec;
  /** Probes of all inputs by their names; `Probe.path` is where the file lies. */
  readonly probes: ReadonlyMap<string, Probe>;
  readonly capabilities: Capabilities;
  /** Folder for outputs and small files; an absolute path. */
  readonly scratchDir: string;
  readonly measurements?: Measurements;
  /** Why a smart cut failed when it was tried; then all frames are encoded. */
  readonly smartCutFailure?: string;
}

/** A file beside the main output: the pad that it comes from, and how it is encoded. */
export interface AuxiliaryOutput {
  readonly pad: Pad;
  readonly args: readonly string[];
  readonly output: PlannedOutput;
}

/** A measurement of a pad that is due before the plan can be final. */
export interface PendingAnalysis extends Omit<Analysis, 'argv'> {
  readonly pad: Pad;
}

/** Collects the parts of one plan while the operations change the timeline. */
export class PlanBuilder {
  readonly notes: string[] = [];
  readonly placements: Placement[] = [];
  readonly files: PlannedFile[] = [];
  readonly pending: PendingAnalysis[] = [];
  readonly auxiliaryOutputs: AuxiliaryOutput[] = [];
  /** Text outputs, which are among `files`. */
  readonly texts: PlannedOutput[] = [];
  readonly request: PlanRequest;
  readonly deinterlace: Deinterlace;
  /** Seconds by which the ends of the last trim differ from what it asked for; that of the end of the file is absent. */
  trimmed?: { readonly start: number; readonly end?: number };
  /** Set when an operation asks for an encode where a copy would be possible. */
  force = false;
  #instances = 0;
  /** One pad per unchanged video, so that all readers share one decode. */
  readonly #pads = new WeakMap<VideoState, Pad>();

  constructor(request: PlanRequest) {
    this.request = request;
    this.deinterlace = deinterlaceOf(request.spec.operations);
  }

  /** The clip of an input; every use of an input opens its file again. */
  clip(name: string, path: string): Clip {
    const probe = this.request.probes.get(name);
    if (probe === undefined) {
      const known = this.request.spec.inputs.map((input) => input.name).join(', ');
      throw planError('SPEC_INVALID', path, `expected the name of an input (${known}), got ${name}`);
    }
    // By itself this demuxer takes `%d` in a name for a series of files.
    const options = probe.format === 'image2' ? ['-f', 'image2', '-pattern_type', 'none'] : [];
    return this.clipOf(probe, probe.path, options);
  }

  clipOf(probe: Probe, path: string, options: readonly string[], seekable = true): Clip {
    return { probe, path, options, instance: this.#instances++, seekable };
  }

  /** Adds a small text file that a process reads; returns its path. */
  write(name: string, content: string): string {
    const path = `${this.request.scratchDir}/${name}`;
    if (!this.files.some((file) => file.path === path)) this.files.push({ path, content });
    return path;
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  addPlacement(what: string, runsOn: RunsOn, why: string): void {
    this.placements.push({ what, runsOn, why });
  }

  /** Throws CAPABILITY_MISSING when this FFmpeg lacks a filter. */
  needFilter(name: string, path: string, remedy?: string): void {
    if (this.request.capabilities.filters.has(name)) return;
    throw planError(
      'CAPABILITY_MISSING',
      path,
      `expected an FFmpeg with the filter ${name}, got ${this.version} without it`,
      remedy,
    );
  }

  needEncoder(name: string, path: string): void {
    if (this.request.capabilities.encoders.has(name)) return;
    throw planError(
      'CAPABILITY_MISSING',
      path,
      `expected an FFmpeg with the encoder ${name}, got ${this.version} without it`,
    );
  }

  get version(): string {
    return `FFmpeg ${this.request.capabilities.ffmpegVersion}`;
  }

  measured(id: string): LoudnessMeasurement | undefined {
    const { measurements } = this.request;
    return measurements !== undefined && Object.hasOwn(measurements, id) ? measurements[id] : undefined;
  }

  /** The video of a timeline as a pad; throws INPUT_UNSUPPORTED when it has none. */
  video(timeline: Timeline, path: string): { readonly video: VideoState; readonly pad: Pad } {
    const { video } = timeline;
    if (video === undefined) throw missingStreamError('video', path);
    return { video, pad: this.padOf(timeline, video) };
  }

  padOf({ clip }: Timeline, video: VideoState): Pad {
    if (video.pad !== undefined) return video.pad;
    if (clip === undefined) throw new TypeError('Expected a clip for unchanged video, got undefined');
    const known = this.#pads.get(video);
    if (known !== undefined) return known;
    const pad = videoPad(clip, video, this.deinterlace);
    this.#pads.set(video, pad);
    return pad;
  }

  audioOf({ clip }: Timeline, audio: AudioState): Pad {
    if (audio.pad !== undefined) return audio.pad;
    if (clip === undefined) throw new TypeError('Expected a clip for unchanged audio, got undefined');
    if (clip.probe.audio.length > 1) {
      this.note(`The audio is changed, so only the first of ${clip.probe.audio.length} audio tracks is kept.`);
    }
    return audioPad(clip, audio);
  }
}

export function missingStreamError(medium: Medium, path: string): Error {
  return planError(
    'INPUT_UNSUPPORTED',
    path,
    medium === 'video'
      ? 'expected a video stream, got a file without one'
      : 'expected an audio stream, got a file without one',
  );
}

/** The path of an operation in the spec, its index, and the plan builder. */
export interface OperationContext {
  readonly path: string;
  readonly index: number;
  readonly builder: PlanBuilder;
}

function deinterlaceOf(operations: readonly Operation[]): Deinterlace {
  return operations.findLast(({ transcode }) => transcode?.deinterlace !== undefined)?.transcode?.deinterlace ?? 'auto';
}
