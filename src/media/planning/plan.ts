import type { OutputContract } from '../../model/job/output-contract.ts';
import type { EncoderBackend, EncoderFallback, OutputFile, PrecisionReport } from '../../model/status/result.ts';
import type { StreamPlan } from '../packaging/stream-plan.ts';
import type { SmartJoin } from '../smart-cut/join.ts';

/** Where one part of a plan runs. */
export type RunsOn = 'gpu' | 'cpu' | 'copy';

/** One line of the explanation: what is done, where, and why there. */
export interface Placement {
  /** `decode`, `encode`, or the operation: `trim`, `blur`, … */
  readonly what: string;
  readonly runsOn: RunsOn;
  readonly why: string;
}

/** A small text file that the plan needs beside its processes (subtitles, concat lists), written before the first step. */
export interface PlannedFile {
  readonly path: string;
  readonly content: string;
}

/** One FFmpeg process. */
export interface PlanStep {
  readonly name: string;
  /** Arguments after the program name, without the fixed ones of the process contract. */
  readonly argv: readonly string[];
  /** Duration of what this step writes, in seconds, as FFmpeg's `out_time` will count it. */
  readonly expectedSeconds: number;
  /** Share of the work of the whole plan; all steps add up to 1. */
  readonly weight: number;
  readonly placements: readonly Placement[];
  /** Pieces of the steps before that are joined to one stream before this process starts. */
  readonly join?: SmartJoin;
}

/** A measurement that must be made before the plan can be final, for example the first pass of loudnorm. */
export interface Analysis {
  /** The key under which the planner expects the measurement. */
  readonly id: string;
  readonly kind: 'loudness';
  readonly argv: readonly string[];
  readonly expectedSeconds: number;
}

/** EBU R 128 figures of the first pass of loudnorm, in LUFS, LU and dBTP. */
export interface LoudnessMeasurement {
  readonly integrated: number;
  readonly range: number;
  readonly truePeak: number;
  readonly threshold: number;
  readonly offset: number;
}

export type Measurements = Readonly<Record<string, LoudnessMeasurement>>;

/** A file that the plan makes, and what it must be to pass the output contract. */
export interface PlannedOutput {
  /** `main`, the name of a rendition, or that of a thumbnail. */
  readonly name: string;
  readonly kind: OutputFile['kind'];
  /** Local file that the last step writes. */
  readonly path: string;
  /** Ending of the published file without the dot. */
  readonly extension: string;
  readonly mediaType: string;
  /** The key it is published under, where its name and ending do not make it. */
  readonly key?: string;
  /** The track of `Plan.stream` that this is the playlist of. */
  readonly track?: string;
  readonly expect: {
    /** Seconds; absent for images. */
    readonly duration?: number;
    /** Number of video frames where it is known exactly (constant frame rate). */
    readonly frames?: number;
    readonly video: boolean;
    readonly audio: boolean;
    readonly width?: number;
    readonly height?: number;
    /** Codec names as ffprobe has them, where they are certain. */
    readonly videoCodec?: string;
    readonly audioCodec?: string;
    /** Seconds that a copy may legitimately overshoot (key frames, B-frame depth). */
    readonly tolerance?: number;
    /** Target loudness in LUFS. */
    readonly loudness?: number;
  };
  readonly contract: OutputContract;
  /** How a floor of quality in the contract is met: by a process that measures, or because the frames were copied. */
  readonly comparison?: { readonly how: 'measured'; readonly argv: readonly string[] } | { readonly how: 'copied' };
}

/** What to run for a stage, and why. Plain data: `:plan` answers it as it is. */
export interface Plan {
  readonly backend: EncoderBackend;
  readonly device?: string;
  /** Why each better backend was not used. */
  readonly fallbacks: readonly EncoderFallback[];
  /** When not empty: run these, then plan again with their measurements. */
  readonly analyses: readonly Analysis[];
  readonly files: readonly PlannedFile[];
  readonly steps: readonly PlanStep[];
  readonly outputs: readonly PlannedOutput[];
  /** How exact the trims of the job are; absent when there are none or the output has no video. */
  readonly precision?: PrecisionReport;
  /** What becomes of the tracks that the steps write, for hls and dash. */
  readonly stream?: StreamPlan;
  /** Duration of the main output in seconds. */
  readonly duration: number;
  readonly estimate: {
    /** Seconds that the plan is expected to take on this machine. */
    readonly seconds: number;
  };
  /** What a person should know, for example an input that was cut where it could not be cut exactly. */
  readonly notes: readonly string[];
}
