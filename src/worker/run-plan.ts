import { rm } from 'node:fs/promises';
import { storageError } from '../adapters/object-store/storage-error.ts';
import { type CodedError, toCodedError } from '../errors/coded-error.ts';
import { fallbackCauseOf, mayFallBack } from '../media/ffmpeg/exit-classification.ts';
import { FfmpegError, type FfmpegRun, runFfmpeg } from '../media/ffmpeg/run/ffmpeg-process.ts';
import type { MediaTools } from '../media/ffmpeg/run/run-tool.ts';
import { measureLoudness } from '../media/filters/run/measure-loudness.ts';
import type { Capabilities } from '../media/gpu/capabilities.ts';
import { MalformedMp4Error } from '../media/mp4/boxes.ts';
import type { PackagedStream } from '../media/packaging/packaged-stream.ts';
import { packageStream } from '../media/packaging/run/package-stream.ts';
import type { LoudnessMeasurement, Measurements, Plan } from '../media/planning/plan.ts';
import type { SmartJoin } from '../media/smart-cut/join.ts';
import { SmartCutError } from '../media/smart-cut/nal-units.ts';
import { checkSplice } from '../media/smart-cut/run/check-splice.ts';
import { type JoinedCut, joinSmartCut } from '../media/smart-cut/run/join-smart-cut.ts';
import type { EncoderBackend, FallbackReason } from '../model/status/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { PreparedStage } from './prepare-stage.ts';
import { writePlannedFiles } from './scratch.ts';
import type { StageLog } from './stage-log.ts';
import type { StageProgress } from './stage-progress.ts';

export interface RunPlanOptions {
  readonly tools: MediaTools;
  readonly stallSeconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: StageProgress;
  readonly log: StageLog;
}

/** One FFmpeg process that ran, for the report. */
export interface ProcessRecord {
  readonly name: string;
  readonly backend: EncoderBackend;
  readonly argv: readonly string[];
  readonly wallSeconds: number;
  /** Its log without secrets. */
  readonly stderr: string;
  readonly error?: string;
}

export interface RenderedPlan {
  /** The plan that succeeded. */
  readonly plan: Plan;
  /** The set of files that its tracks became, for hls and dash. */
  readonly stream?: PackagedStream;
  /** What the pieces of a cut by copying became. */
  readonly joined?: JoinedCut;
  readonly encodeSeconds: number;
}

/**
 * Runs the processes of a plan. When one fails on a GPU backend in a way that another backend may not, the next plan leaves
 * that backend out with the reason, until one succeeds or the policy of the job allows no other.
 * `records` gets every process as it ends, failed ones included.
 */
export async function runPlan(
  stage: PreparedStage,
  options: RunPlanOptions,
  records: ProcessRecord[],
): Promise<RenderedPlan> {
  let capabilities = stage.capabilities;
  let measurements: Measurements | undefined;
  let smartCutFailure: string | undefined;
  let plan = stage.plan;
  const startedAt = options.clock.monotonic();
  for (;;) {
    try {
      options.progress.planned(plan);
      while (plan.analyses.length > 0) {
        measurements = { ...measurements, ...(await analyze(plan, capabilities, options, records)) };
        plan = stage.replan(capabilities, measurements, smartCutFailure);
      }
      await writePlannedFiles(plan.files);
      let joined: JoinedCut | undefined;
      for (const step of plan.steps) {
        options.signal.throwIfAborted();
        if (step.join !== undefined) joined = await joinPieces(step.join, options);
        await runStep(step, plan.backend, capabilities, options, records);
      }
      const stream = await packaged(plan, options);
      const encodeSeconds = (options.clock.monotonic() - startedAt) / 1000;
      return { plan, encodeSeconds, ...(stream !== undefined && { stream }), ...(joined !== undefined && { joined }) };
    } catch (error) {
      if (options.signal.aborted) throw error;
      const failure = toCodedError(error);
      if (isCutFailure(plan, error)) {
        const why = error instanceof SmartCutError ? error.message : failure.message;
        smartCutFailure = `copying failed: ${why}`;
        options.log.warn({ why }, 'the cut by copying failed, encoding all of it');
        plan = stage.replan(capabilities, measurements, smartCutFailure);
        continue;
      }
      if (!mayFallBack(plan.backend, failure.code)) throw failure;
      options.log.warn(
        { backend: plan.backend, code: failure.code, why: failure.message },
        'backend failed, trying the next',
      );
      const cause = error instanceof FfmpegError ? error.fallbackCause : fallbackCauseOf(failure.code);
      capabilities = withoutBackend(capabilities, plan.backend, { cause, message: failure.message });
      plan = nextPlan(() => stage.replan(capabilities, measurements, smartCutFailure), failure);
      const { device, backend, fallbacks } = plan;
      options.log.info({ backend, device, fallbacks }, 'stepped down');
    }
  }
}

/** Renditions of a GPU that do not fit each other are a failure of its backend, as an encode is. */
async function packaged({ stream }: Plan, { log, signal }: RunPlanOptions): Promise<PackagedStream | undefined> {
  if (stream === undefined) return undefined;
  const set = await packageStream(stream, signal).catch((error: unknown) => {
    throw storageError('cut an output into segments', error);
  });
  log.info(
    { tracks: set.media.map(({ track, segments }) => ({ id: track.id, segments: segments.length })) },
    'packaged',
  );
  return set;
}

/** Whether another backend would fail as well: the pieces do not fit together, or cannot be made on the last one. */
function isCutFailure({ precision, backend }: Plan, error: unknown): boolean {
  if (precision?.method !== 'smart-cut') return false;
  if (error instanceof SmartCutError || error instanceof MalformedMp4Error) return true;
  // With a full disk or a process that stands still, encoding all of it would end in the same way, only later.
  if (!(error instanceof FfmpegError) || error.code === 'FFMPEG_STALLED' || error.code === 'STORAGE_FULL') return false;
  return !mayFallBack(backend, error.code);
}

async function joinPieces(join: SmartJoin, { log, signal, tools }: RunPlanOptions): Promise<JoinedCut> {
  const joined = await joinSmartCut(join, signal).catch((error: unknown) => {
    throw error instanceof SmartCutError ? error : storageError('join the pieces of a cut', error);
  });
  await checkSplice(join, tools, signal);
  // The disk must hold the joined stream and the output as well.
  for (const piece of [join.source, join.head, join.tail]) if (piece !== undefined) await rm(piece, { force: true });
  log.info(joined, 'copied and encoded pictures joined');
  return joined;
}

/** The failure itself where no backend is left: it says more than that there is none. */
function nextPlan(replan: () => Plan, failure: CodedError): Plan {
  try {
    return replan();
  } catch {
    throw failure;
  }
}

/** The same machine with one backend less, and the reason for it. */
export function withoutBackend(
  capabilities: Capabilities,
  backend: EncoderBackend,
  reason: FallbackReason,
): Capabilities {
  return {
    ...capabilities,
    devices: capabilities.devices.map((device) => ({
      ...device,
      encodes: device.encodes.filter((encode) => encode.backend !== backend),
    })),
    unavailable: { ...capabilities.unavailable, [backend]: reason },
  };
}

async function analyze(
  plan: Plan,
  capabilities: Capabilities,
  options: RunPlanOptions,
  records: ProcessRecord[],
): Promise<Measurements> {
  await writePlannedFiles(plan.files);
  const measurements: Record<string, LoudnessMeasurement> = {};
  for (const { id, argv, expectedSeconds } of plan.analyses) {
    const run = processOf(argv, 'software', capabilities, options);
    measurements[id] = await recorded({ name: id, backend: 'software', argv }, options.clock, records, async () => {
      const measured = await measureLoudness({
        ...run,
        onProgress: (sample) => options.progress.process('analyzing', id, expectedSeconds, sample),
      });
      return { value: measured, stderr: JSON.stringify(measured) };
    });
  }
  return measurements;
}

async function runStep(
  { name, argv, expectedSeconds }: Plan['steps'][number],
  backend: EncoderBackend,
  capabilities: Capabilities,
  options: RunPlanOptions,
  records: ProcessRecord[],
): Promise<void> {
  const run = processOf(argv, backend, capabilities, options);
  options.log.info({ step: name, backend, argv }, 'ffmpeg starts');
  await recorded({ name, backend, argv }, options.clock, records, async () => {
    const { stderr, ignoredOptions } = await runFfmpeg({
      ...run,
      onProgress: (sample) => options.progress.process('encoding', name, expectedSeconds, sample),
    });
    if (ignoredOptions.length > 0)
      options.log.error({ step: name, ignoredOptions }, 'ffmpeg ignored options of the plan');
    return { value: undefined, stderr };
  });
}

function processOf(
  argv: readonly string[],
  backend: EncoderBackend,
  { ffmpeg }: Capabilities,
  { tools, stallSeconds, clock, signal }: RunPlanOptions,
): FfmpegRun {
  return { program: tools.ffmpeg, env: tools.env, argv, backend, ffmpeg, stallSeconds, clock, signal };
}

async function recorded<T>(
  about: Pick<ProcessRecord, 'name' | 'backend' | 'argv'>,
  clock: Clock,
  records: ProcessRecord[],
  work: () => Promise<{ readonly value: T; readonly stderr: string }>,
): Promise<T> {
  const startedAt = clock.monotonic();
  const wallSeconds = (): number => (clock.monotonic() - startedAt) / 1000;
  try {
    const { value, stderr } = await work();
    records.push({ ...about, wallSeconds: wallSeconds(), stderr });
    return value;
  } catch (error) {
    const { message } = toCodedError(error);
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    records.push({ ...about, wallSeconds: wallSeconds(), stderr, error: message });
    throw error;
  }
}
