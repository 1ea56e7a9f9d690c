import { rm } from 'node:fs/promises';
import { storageError } from '../../adapters/object-store/storage-error.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { type FfmpegRun, runFfmpeg } from '../../media/ffmpeg/run/ffmpeg-process.ts';
import type { MediaTools } from '../../media/ffmpeg/run/run-tool.ts';
import { measureLoudness } from '../../media/filters/run/measure-loudness.ts';
import type { PackagedStream } from '../../media/packaging/packaged-stream.ts';
import { packageStream } from '../../media/packaging/run/package-stream.ts';
import type { LoudnessMeasurement, Measurements, Plan, PlanStep } from '../../media/planning/plan.ts';
import type { SmartJoin } from '../../media/smart-cut/join.ts';
import { SmartCutError } from '../../media/smart-cut/nal-units.ts';
import { checkSplice } from '../../media/smart-cut/run/check-splice.ts';
import { type JoinedCut, joinSmartCut } from '../../media/smart-cut/run/join-smart-cut.ts';
import type { EncoderBackend } from '../../model/status/result.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PreparedStage } from '../prepare-stage.ts';
import { writePlannedFiles } from '../scratch.ts';
import type { StageLog } from '../stage-log.ts';
import type { StageProgress } from '../stage-progress.ts';
import { nextStep, type PlanState, type Retry } from './next-step.ts';
import { type ProcessRecord, recorded } from './process-record.ts';

export interface RunPlanOptions {
  readonly tools: MediaTools;
  readonly stallSeconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: StageProgress;
  readonly log: StageLog;
  /** Gets every process as it ends, failed ones included. */
  readonly records: ProcessRecord[];
}

export interface RenderedPlan {
  /** The plan that succeeded. */
  readonly plan: Plan;
  /** The set of files that its tracks became, for hls and dash. */
  readonly stream?: PackagedStream;
  /** What the joined stream of a smart cut is made of. */
  readonly joined?: JoinedCut;
  readonly encodeSeconds: number;
}

/**
 * Runs the processes of a plan. After a failure that another encoder backend may not have, the next plan leaves that
 * backend out; after a failed smart cut, the next plan encodes the whole clip. Rejects with the last failure when no plan
 * is left.
 */
export async function runPlan(stage: PreparedStage, options: RunPlanOptions): Promise<RenderedPlan> {
  const startedAt = options.clock.monotonic();
  let state: PlanState = { plan: stage.plan, conditions: { capabilities: stage.capabilities } };
  for (;;) {
    try {
      options.progress.planned(state.plan);
      while (state.plan.analyses.length > 0) state = await analyze(stage, state, options);
      const rendered = await render(state, options);
      return { ...rendered, encodeSeconds: (options.clock.monotonic() - startedAt) / 1000 };
    } catch (error) {
      if (options.signal.aborted) throw error;
      const next = nextStep(state, error);
      if (next.action === 'fail') throw next.failure;
      state = replanned(stage, state.plan, next, options.log);
    }
  }
}

/** The next plan. Throws the failure itself when no backend is left: it explains more than "no backend". */
function replanned(stage: PreparedStage, failed: Plan, { conditions, ...next }: Retry, log: StageLog): PlanState {
  if (next.failed === 'smart-cut') {
    log.warn({ why: conditions.smartCutFailure }, 'smart cut failed, encoding the whole clip');
    return { plan: stage.replan(conditions), conditions };
  }
  const { code, message } = next.failure;
  log.warn({ backend: failed.backend, code, why: message }, 'encoder backend failed, trying the next one');
  const plan = planOr(() => stage.replan(conditions), next.failure);
  const { device, backend, fallbacks } = plan;
  log.info({ backend, device, fallbacks }, 'fell back to another encoder backend');
  return { plan, conditions };
}

function planOr(replan: () => Plan, failure: Error): Plan {
  try {
    return replan();
  } catch {
    throw failure;
  }
}

/** Runs the analyses of a plan and plans again with their results. */
async function analyze(
  stage: PreparedStage,
  { plan, conditions }: PlanState,
  options: RunPlanOptions,
): Promise<PlanState> {
  await writePlannedFiles(plan.files);
  const measured: Record<string, LoudnessMeasurement> = {};
  for (const analysis of plan.analyses) measured[analysis.id] = await runAnalysis(analysis, conditions, options);
  const measurements: Measurements = { ...conditions.measurements, ...measured };
  const next = { ...conditions, measurements };
  return { plan: stage.replan(next), conditions: next };
}

function runAnalysis(
  { id, argv, expectedSeconds }: Plan['analyses'][number],
  conditions: PlanState['conditions'],
  options: RunPlanOptions,
): Promise<LoudnessMeasurement> {
  const run = processOf(argv, 'software', conditions, options);
  return recorded({ name: id, backend: 'software', argv }, options, async () => {
    const measured = await measureLoudness({
      ...run,
      onProgress: (sample) => options.progress.process('analyzing', id, expectedSeconds, sample),
    });
    return { value: measured, stderr: JSON.stringify(measured) };
  });
}

async function render(
  { plan, conditions }: PlanState,
  options: RunPlanOptions,
): Promise<Omit<RenderedPlan, 'encodeSeconds'>> {
  await writePlannedFiles(plan.files);
  let joined: JoinedCut | undefined;
  for (const step of plan.steps) {
    options.signal.throwIfAborted();
    if (step.join !== undefined) joined = await joinPieces(step.join, options);
    await runStep(step, plan.backend, conditions, options);
  }
  return omitUndefined({ plan, joined, stream: await packaged(plan, options) });
}

async function joinPieces(join: SmartJoin, { log, signal, tools }: RunPlanOptions): Promise<JoinedCut> {
  const joined = await joinSmartCut(join, signal).catch((error: unknown) => {
    throw error instanceof SmartCutError ? error : storageError('join the pieces of a smart cut', error);
  });
  await checkSplice(join, tools, signal);
  // The disk must have room for the joined stream and the output as well.
  for (const piece of [join.source, join.head, join.tail]) if (piece !== undefined) await rm(piece, { force: true });
  log.info(joined, 'joined copied and re-encoded frames');
  return joined;
}

async function runStep(
  { name, argv, expectedSeconds }: PlanStep,
  backend: EncoderBackend,
  conditions: PlanState['conditions'],
  options: RunPlanOptions,
): Promise<void> {
  const run = processOf(argv, backend, conditions, options);
  options.log.info({ step: name, backend, argv }, 'ffmpeg starts');
  await recorded({ name, backend, argv }, options, async () => {
    const { stderr, ignoredOptions } = await runFfmpeg({
      ...run,
      onProgress: (sample) => options.progress.process('encoding', name, expectedSeconds, sample),
    });
    if (ignoredOptions.length > 0)
      options.log.error({ step: name, ignoredOptions }, 'ffmpeg ignored options of the plan');
    return { value: undefined, stderr };
  });
}

/** Renditions of a GPU that do not fit each other are a failure of its backend, like a failed encode. */
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

function processOf(
  argv: readonly string[],
  backend: EncoderBackend,
  { capabilities: { ffmpeg } }: PlanState['conditions'],
  { tools, stallSeconds, clock, signal }: RunPlanOptions,
): FfmpegRun {
  return { program: tools.ffmpeg, env: tools.env, argv, backend, ffmpeg, stallSeconds, clock, signal };
}
