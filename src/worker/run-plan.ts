import { type CodedError, toCodedError } from '../errors.ts';
import type { Capabilities } from '../media/capabilities.ts';
import { mayStepDown } from '../media/exit-classification.ts';
import type { LoudnessMeasurement, Measurements, Plan } from '../media/plan.ts';
import { type FfmpegRun, runFfmpeg } from '../media/run/ffmpeg-process.ts';
import { measureLoudness } from '../media/run/measure-loudness.ts';
import type { MediaTools } from '../media/run/run-tool.ts';
import type { Rung } from '../model/result.ts';
import type { Clock } from '../ports.ts';
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
  readonly rung: Rung;
  readonly argv: readonly string[];
  readonly wallSeconds: number;
  /** Its log without secrets. */
  readonly stderr: string;
  readonly error?: string;
}

export interface RenderedPlan {
  /** The plan that succeeded. */
  readonly plan: Plan;
  readonly encodeSeconds: number;
}

/**
 * Runs the processes of a plan. When one fails on a GPU rung in a way that another rung may not, the next plan leaves
 * that rung out with the reason, until one succeeds or the policy of the job allows no other.
 * `records` gets every process as it ends, failed ones included.
 */
export async function runPlan(
  stage: PreparedStage,
  options: RunPlanOptions,
  records: ProcessRecord[],
): Promise<RenderedPlan> {
  let capabilities = stage.capabilities;
  let measurements: Measurements | undefined;
  let plan = stage.plan;
  const startedAt = options.clock.monotonic();
  for (;;) {
    try {
      options.progress.planned(plan);
      while (plan.analyses.length > 0) {
        measurements = { ...measurements, ...(await analyze(plan, capabilities, options, records)) };
        plan = stage.replan(capabilities, measurements);
      }
      await writePlannedFiles(plan.files);
      for (const step of plan.steps) {
        options.signal.throwIfAborted();
        await runStep(step, plan.rung, capabilities, options, records);
      }
      return { plan, encodeSeconds: (options.clock.monotonic() - startedAt) / 1000 };
    } catch (error) {
      if (options.signal.aborted) throw error;
      const failure = toCodedError(error);
      if (!mayStepDown(plan.rung, failure.code)) throw failure;
      options.log.warn({ rung: plan.rung, code: failure.code, why: failure.message }, 'rung failed, trying the next');
      capabilities = withoutRung(capabilities, plan.rung, failure.message);
      plan = nextPlan(stage, capabilities, measurements, failure);
    }
  }
}

/** The failure itself where no rung is left: it says more than that there is none. */
function nextPlan(
  stage: PreparedStage,
  capabilities: Capabilities,
  measurements: Measurements | undefined,
  failure: CodedError,
): Plan {
  try {
    return stage.replan(capabilities, measurements);
  } catch {
    throw failure;
  }
}

/** The same machine with one rung less, and the reason for it. */
export function withoutRung(capabilities: Capabilities, rung: Rung, reason: string): Capabilities {
  return {
    ...capabilities,
    devices: capabilities.devices.map((device) => ({
      ...device,
      encodes: device.encodes.filter((encode) => encode.rung !== rung),
    })),
    unavailable: { ...capabilities.unavailable, [rung]: reason },
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
    measurements[id] = await recorded({ name: id, rung: 'software', argv }, options.clock, records, async () => {
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
  rung: Rung,
  capabilities: Capabilities,
  options: RunPlanOptions,
  records: ProcessRecord[],
): Promise<void> {
  const run = processOf(argv, rung, capabilities, options);
  options.log.info({ step: name, rung, argv }, 'ffmpeg starts');
  await recorded({ name, rung, argv }, options.clock, records, async () => {
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
  rung: Rung,
  { ffmpeg }: Capabilities,
  { tools, stallSeconds, clock, signal }: RunPlanOptions,
): FfmpegRun {
  return { program: tools.ffmpeg, env: tools.env, argv, rung, ffmpeg, stallSeconds, clock, signal };
}

async function recorded<T>(
  about: Pick<ProcessRecord, 'name' | 'rung' | 'argv'>,
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
