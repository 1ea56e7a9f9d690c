import type { OpenedStore } from '../adapters/object-store/open-store.ts';
import { type CodedError, toCodedError } from '../errors/coded-error.ts';
import { redactUrls } from '../lib/redact-url.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { Plan } from '../media/planning/plan.ts';
import { bounds } from '../model/job/bounds.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { OutputFile, StageResult } from '../model/status/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type PrepareOptions, prepareStage } from './prepare-stage.ts';
import { publishAll } from './publish-outputs.ts';
import { runPlan } from './render/run-plan.ts';
import type { ProgressReporter } from './report-progress.ts';
import { isFetched, usedInputs } from './resolve-inputs.ts';
import { keyOf, outputFile, publishableFiles } from './result/output-files.ts';
import { resultOf, type StageFindings, timingsOf } from './result/stage-findings.ts';
import { exitOf, jobErrorOf } from './result/stage-result.ts';
import { verifyOutputs } from './result/verify-outputs.ts';
import { writeReport } from './result/write-report.ts';
import { prepareScratch } from './scratch.ts';
import type { StageLog } from './stage-log.ts';
import { createStageProgress } from './stage-progress.ts';

export interface RunStageOptions extends Omit<PrepareOptions, 'progress'> {
  /** The store of the installation: the report is published there. */
  readonly store: ObjectStore & Pick<OpenedStore, 'localPath'>;
  /** Where the outputs are published; `store` when absent. */
  readonly outputs?: ObjectStore;
  readonly reporter: Pick<ProgressReporter, 'report'>;
  readonly log: StageLog;
}

interface Published {
  readonly outputs: OutputFile[];
  readonly verifySeconds: number;
}

/**
 * Runs one stage from its inputs to its published outputs. Never rejects: a failure is part of the result. No output is
 * visible before every output has passed every check; on abort nothing is published.
 */
export async function runStage(spec: StageSpec, options: RunStageOptions): Promise<StageResult> {
  const { clock, log, signal } = options;
  const startedAt = clock.monotonic();
  const findings: StageFindings = { processes: [], verified: [] };
  const outcome: Result<Published, CodedError> = await renderAndPublish(spec, options, findings).then(
    success,
    (error: unknown) => failure(toCodedError(signal.aborted ? signal.reason : error)),
  );
  if (!outcome.ok) log.error({ code: outcome.why.code, cause: causeOf(outcome.why) }, outcome.why.message);
  const totalSeconds = secondsSince(startedAt, clock);
  const result: StageResult = {
    version: 1,
    exitCode: outcome.ok ? 0 : exitOf(outcome.why),
    ...resultOf(findings),
    ...(outcome.ok ? { outputs: outcome.value.outputs } : { error: jobErrorOf(outcome.why) }),
    timings: timingsOf(findings, outcome.ok ? outcome.value.verifySeconds : 0, totalSeconds),
  };
  // An interrupted worker has only seconds to exit.
  const interrupted = !outcome.ok && outcome.why.code === 'INTERRUPTED';
  const report = interrupted ? undefined : await writeReport(spec, result, findings, options);
  return { ...result, ...(report !== undefined && { report }) };
}

async function renderAndPublish(
  spec: StageSpec,
  options: RunStageOptions,
  findings: StageFindings,
): Promise<Published> {
  const { clock, log, reporter, scratchDir, signal, store, tools } = options;
  const { stallSeconds } = spec;
  const fetches = usedInputs(spec).some((input) => isFetched(input, store));
  const progress = createStageProgress({ fetches, clock }, (update) => reporter.report(update));
  await prepareScratch(scratchDir);
  const prepared = await prepareStage(spec, { ...options, progress });
  findings.prepared = prepared;
  logPlan(log, prepared.plan);

  const records = findings.processes;
  const rendered = await runPlan(prepared, { tools, stallSeconds, clock, signal, progress, log, records });
  findings.rendered = rendered;

  const verifyStartedAt = clock.monotonic();
  await verifyOutputs(prepared, rendered, findings, { tools, stallSeconds, clock, signal, progress });
  const verifySeconds = secondsSince(verifyStartedAt, clock);

  progress.at('publishing', 0);
  const published = await publishAll(options.outputs ?? store, publishableFiles(rendered, spec), signal);
  progress.at('publishing', 1);
  const keys = rendered.plan.outputs.map((output) => keyOf(output, spec));
  log.info({ keys, files: published.length }, 'outputs published');
  const listed = findings.verified.slice(0, bounds.outputs);
  return { outputs: listed.map((output) => outputFile(output, spec, rendered.stream)), verifySeconds };
}

function logPlan(log: StageLog, { backend, device, fallbacks, steps, notes, duration }: Plan): void {
  log.info({ backend, device, fallbacks, steps: steps.map(({ name }) => name), notes, duration }, 'planned');
}

function causeOf({ cause }: CodedError): string | undefined {
  return cause instanceof Error ? redactUrls(`${cause.name}: ${cause.message}`).slice(0, 300) : undefined;
}

function secondsSince(startedAt: number, clock: Clock): number {
  return (clock.monotonic() - startedAt) / 1000;
}
