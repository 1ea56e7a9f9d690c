import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedStore } from '../adapters/object-store/open-store.ts';
import { CodedError, toCodedError } from '../errors/coded-error.ts';
import { redactUrls } from '../lib/redact-url.ts';
import { damageIn } from '../media/ffmpeg/exit-classification.ts';
import type { PackagedStream } from '../media/packaging/packaged-stream.ts';
import { streamFiles } from '../media/packaging/run/package-stream.ts';
import { streamChecks } from '../media/packaging/stream-checks.ts';
import type { Plan, PlannedOutput } from '../media/planning/plan.ts';
import { endsTooEarly } from '../media/planning/stream-ends.ts';
import { readEnds } from '../media/probe/run/probe-file.ts';
import { measureOutput } from '../media/verify/run/check-output.ts';
import { type MeasuredOutput, remedyOf, verifyOutput } from '../media/verify/verify.ts';
import { bounds } from '../model/job/bounds.ts';
import type { ContractCheck } from '../model/job/output-contract.ts';
import { outputKey, reportKey } from '../model/job/output-keys.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { AccelerationReport, OutputFile, StageResult } from '../model/status/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { measuredPrecision } from './measured-precision.ts';
import { type PreparedStage, type PrepareOptions, prepareStage } from './prepare-stage.ts';
import { type PublishableFile, publishAll } from './publish-outputs.ts';
import type { ProgressReporter } from './report-progress.ts';
import { isFetched, usedInputs } from './resolve-inputs.ts';
import { type ProcessRecord, type RenderedPlan, runPlan } from './run-plan.ts';
import { prepareScratch } from './scratch.ts';
import type { StageLog } from './stage-log.ts';
import { createStageProgress } from './stage-progress.ts';
import { exitOf, jobErrorOf } from './stage-result.ts';

export interface RunStageOptions extends Omit<PrepareOptions, 'progress'> {
  /** The store of the installation: the report goes there. */
  readonly store: ObjectStore & Pick<OpenedStore, 'localPath'>;
  /** Where the outputs go; to `store` when absent. */
  readonly outputs?: ObjectStore;
  readonly reporter: Pick<ProgressReporter, 'report'>;
  readonly log: StageLog;
}

/** What has been found out so far, for the report of a stage that may fail at any point. */
interface Findings {
  prepared?: PreparedStage;
  rendered?: RenderedPlan;
  readonly processes: ProcessRecord[];
  readonly verified: VerifiedOutput[];
}

interface VerifiedOutput {
  readonly planned: PlannedOutput;
  readonly measured: MeasuredOutput;
  readonly checks: readonly ContractCheck[];
}

/**
 * Runs one stage from its inputs to its published outputs. Never rejects: what happened is the result. Nothing is
 * visible before every output has passed every check; on abort nothing is published.
 */
export async function runStage(spec: StageSpec, options: RunStageOptions): Promise<StageResult> {
  const { clock, log, signal } = options;
  const startedAt = clock.monotonic();
  const findings: Findings = { processes: [], verified: [] };
  const outcome = await renderAndPublish(spec, options, findings).catch((error: unknown) =>
    toCodedError(signal.aborted ? signal.reason : error),
  );
  const failed = outcome instanceof CodedError;
  if (failed) log.error({ code: outcome.code, cause: causeOf(outcome) }, outcome.message);
  const totalSeconds = secondsSince(startedAt, clock);
  const result = {
    version: 1 as const,
    exitCode: failed ? exitOf(outcome) : 0,
    ...resultOf(findings),
    ...(failed ? { error: jobErrorOf(outcome) } : { outputs: outcome.outputs }),
    timings: timingsOf(findings, failed ? 0 : outcome.verifySeconds, totalSeconds),
  };
  // A worker that was asked to go leaves at once.
  const leaving = failed && outcome.code === 'INTERRUPTED';
  const report = leaving ? undefined : await writeReport(spec, result, findings, options);
  return { ...result, ...(report !== undefined && { report }) };
}

async function renderAndPublish(
  spec: StageSpec,
  options: RunStageOptions,
  findings: Findings,
): Promise<{ readonly outputs: OutputFile[]; readonly verifySeconds: number }> {
  const { clock, log, reporter, scratchDir, signal, store, tools } = options;
  const fetches = usedInputs(spec).some((input) => isFetched(input, store));
  const progress = createStageProgress({ fetches, clock }, (news) => reporter.report(news));
  await prepareScratch(scratchDir);
  const prepared = await prepareStage(spec, { ...options, progress });
  findings.prepared = prepared;
  logPlan(log, prepared.plan);

  const { stallSeconds } = spec;
  const rendered = await runPlan(prepared, { tools, stallSeconds, clock, signal, progress, log }, findings.processes);
  findings.rendered = rendered;

  const verifyStartedAt = clock.monotonic();
  const { outputs } = rendered.plan;
  for (const [index, planned] of outputs.entries()) {
    progress.at('verifying', index / outputs.length);
    const { ffmpeg } = prepared.capabilities;
    const measured = await measureOutput(planned, { tools, clock, ffmpeg, stallSeconds, signal });
    const checks = [...verifyOutput(planned, measured), ...checksInStream(rendered, planned, measured)];
    findings.verified.push({ planned, measured, checks });
  }
  await assertContract(findings, options);
  const verifySeconds = secondsSince(verifyStartedAt, clock);

  progress.at('publishing', 0);
  const published = await publishAll(options.outputs ?? store, publishedFiles(rendered, spec), signal);
  progress.at('publishing', 1);
  log.info({ keys: outputs.map((output) => keyOf(output, spec)), files: published.length }, 'outputs published');
  return {
    outputs: findings.verified.slice(0, bounds.outputs).map((output) => outputFile(output, spec, rendered.stream)),
    verifySeconds,
  };
}

function checksInStream(
  { stream }: RenderedPlan,
  { track }: PlannedOutput,
  { probe }: MeasuredOutput,
): ContractCheck[] {
  if (stream === undefined || track === undefined) return [];
  return streamChecks(stream, track, probe?.video[0]?.codec ?? probe?.audio[0]?.codec);
}

/** Every file by its key. Those of a set of segments come last, each after what it leads to. */
function publishedFiles({ plan, stream }: RenderedPlan, spec: StageSpec): PublishableFile[] {
  const set = stream === undefined ? [] : streamFiles(stream);
  const files = plan.outputs.map((output) => ({ key: keyOf(output, spec), path: output.path }));
  return [
    ...files.filter(({ key }) => !set.includes(key)),
    ...set.map((name) => ({ key: name, path: join(plan.stream?.folder ?? '', name) })),
  ];
}

function keyOf({ key, name, extension }: PlannedOutput, { identity }: StageSpec): string {
  return key ?? outputKey(identity, name, extension);
}

async function assertContract(findings: Findings, options: RunStageOptions): Promise<void> {
  for (const { planned, checks } of findings.verified) {
    const failed = checks.filter(({ ok }) => !ok);
    if (failed.length === 0) continue;
    const figures = failed.map(
      ({ name, expected, measured }) => `${name}: expected ${expected ?? '?'}, got ${measured ?? '?'}`,
    );
    const message = `The output ${planned.name} failed its checks: ${figures.join('; ')}`;
    const damage = inputDamage(findings, failed) ?? (await shortInput(findings, failed, options));
    // Another attempt on a damaged input would fail in the same way.
    if (damage !== undefined) throw new CodedError('INPUT_INVALID', `An input is damaged (${damage}). ${message}`);
    const remedy = remedyOf(failed);
    throw new CodedError('OUTPUT_CONTRACT_FAILED', message, remedy === undefined ? {} : { remedy });
  }
}

/** An output that is too short may come from an input that ends before it says. */
async function shortInput(
  { prepared }: Findings,
  failed: readonly ContractCheck[],
  { tools, signal }: RunStageOptions,
): Promise<string | undefined> {
  if (!failed.some(({ name }) => name === 'duration' || name === 'frames')) return undefined;
  for (const [name, probe] of prepared?.probes ?? []) {
    const found = endsTooEarly(probe, await readEnds(probe.path, { tools, signal }));
    if (found !== undefined) return `input ${name} ${found}`;
  }
  return undefined;
}

/** What shows that the checks failed for the sake of an input: a log of repairs, or copied streams that do not decode. */
function inputDamage({ processes, rendered }: Findings, failed: readonly ContractCheck[]): string | undefined {
  const logged = processes.map(({ stderr }) => damageIn(stderr)).find((line) => line !== undefined);
  if (logged !== undefined) return logged;
  return rendered?.plan.backend === 'copy' ? failed.find(({ name }) => name === 'decodes')?.measured : undefined;
}

function outputFile(
  { planned, measured }: VerifiedOutput,
  spec: StageSpec,
  stream: PackagedStream | undefined,
): OutputFile {
  const segments = stream?.media.find(({ track }) => track.id === planned.track)?.segments;
  const { probe, videoPackets } = measured;
  const video = probe?.video[0];
  const audio = probe?.audio[0];
  const still = planned.expect.duration === undefined;
  return {
    name: planned.name,
    kind: planned.kind,
    key: keyOf(planned, spec),
    mediaType: planned.mediaType,
    bytes: measured.bytes,
    ...(probe && !still && { durationSeconds: Math.round(probe.duration * 1000) / 1000 }),
    ...(video && { width: video.width, height: video.height, videoCodec: video.codec.slice(0, 20) }),
    ...(video && !still && videoPackets !== undefined && { frames: videoPackets }),
    ...(audio && { audioCodec: audio.codec.slice(0, 20) }),
    ...(segments && {
      segments: segments.length,
      segmentBytes: segments.reduce((total, segment) => total + segment.bytes, 0),
    }),
  };
}

/** What the result tells whether the stage succeeded or not. */
function resultOf({ prepared, rendered, verified, processes }: Findings): Partial<StageResult> {
  const plan = rendered?.plan ?? prepared?.plan;
  const checks = verified.flatMap((output) => output.checks);
  // Failed ones first: the list is bounded, and the report has all of them.
  const listed = [...checks.filter(({ ok }) => !ok), ...checks.filter(({ ok }) => ok)].slice(0, 32);
  return {
    ...(plan && { acceleration: accelerationOf(plan) }),
    ...(rendered?.plan.precision && {
      precision: measuredPrecision(rendered.plan.precision, rendered.joined, mainOf(verified)),
    }),
    ...(listed.length > 0 && { checks: listed }),
    ...(processes.length > 0 && { processes: processes.length }),
  };
}

/** The output that a trim is about. */
function mainOf(verified: readonly VerifiedOutput[]): VerifiedOutput | undefined {
  return verified.find(({ planned }) => planned.kind === 'video');
}

function accelerationOf({ backend, device, fallbacks }: Plan): AccelerationReport {
  return {
    backend,
    ...(device !== undefined && { device }),
    fallbacks: fallbacks.map(({ message, ...rest }) => ({
      ...rest,
      message: message.slice(0, bounds.fallbackMessage),
    })),
  };
}

function timingsOf(
  { prepared, rendered }: Findings,
  verifySeconds: number,
  totalSeconds: number,
): StageResult['timings'] {
  const encodeSeconds = rendered?.encodeSeconds ?? 0;
  const duration = rendered?.plan.duration ?? 0;
  return {
    fetchSeconds: rounded(prepared?.fetchSeconds ?? 0),
    encodeSeconds: rounded(encodeSeconds),
    verifySeconds: rounded(verifySeconds),
    totalSeconds: rounded(totalSeconds),
    ...(encodeSeconds > 0 && duration > 0 && { speed: rounded(duration / encodeSeconds) }),
  };
}

/** The full story as an object beside the outputs. A report that cannot be written does not change the result. */
async function writeReport(
  spec: StageSpec,
  result: StageResult,
  { prepared, rendered, processes, verified }: Findings,
  { clock, log, scratchDir, store }: RunStageOptions,
): Promise<string | undefined> {
  const key = reportKey(spec.identity);
  const report = {
    version: 1,
    identity: spec.identity,
    writtenAt: new Date(clock.now()).toISOString(),
    result,
    ffmpeg: prepared?.capabilities.ffmpegVersion,
    unavailable: prepared?.capabilities.unavailable,
    probes:
      prepared && Object.fromEntries([...prepared.probes].map(([name, { text: _words, ...probe }]) => [name, probe])),
    plan: rendered?.plan ?? prepared?.plan,
    processes,
    outputs: verified.map(({ planned, checks, measured }) => ({ name: planned.name, checks, probe: measured.probe })),
  };
  try {
    const path = join(scratchDir, `report-${randomUUID()}.json`);
    await writeFile(path, JSON.stringify(report), { mode: 0o600 });
    await publishAll(store, [{ key, path }], new AbortController().signal);
    return key;
  } catch (error) {
    log.warn({ code: toCodedError(error).code }, 'the full report could not be written');
    return undefined;
  }
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

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
