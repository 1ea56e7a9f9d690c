import { CodedError } from '../../errors/coded-error.ts';
import { damageIn } from '../../media/ffmpeg/exit-classification.ts';
import type { MediaTools } from '../../media/ffmpeg/run/run-tool.ts';
import { streamChecks } from '../../media/packaging/stream-checks.ts';
import type { PlannedOutput } from '../../media/planning/plan.ts';
import { endsTooEarly } from '../../media/planning/stream-ends.ts';
import { readEnds } from '../../media/probe/run/probe-file.ts';
import { measureOutput } from '../../media/verify/run/check-output.ts';
import { type MeasuredOutput, remedyOf, verifyOutput } from '../../media/verify/verify.ts';
import type { ContractCheck } from '../../model/job/output-contract.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PreparedStage } from '../prepare-stage.ts';
import type { RenderedPlan } from '../render/run-plan.ts';
import type { StageProgress } from '../stage-progress.ts';
import type { StageFindings } from './stage-findings.ts';

export interface VerifyOptions {
  readonly tools: MediaTools;
  readonly clock: Clock;
  readonly stallSeconds: number;
  readonly signal: AbortSignal;
  readonly progress: Pick<StageProgress, 'at'>;
}

/**
 * Measures every output and adds it to `findings.verified`.
 *
 * @throws CodedError OUTPUT_CONTRACT_FAILED when an output fails a check; INPUT_INVALID when a damaged input is the cause
 */
export async function verifyOutputs(
  prepared: PreparedStage,
  rendered: RenderedPlan,
  findings: StageFindings,
  options: VerifyOptions,
): Promise<void> {
  const { tools, clock, stallSeconds, signal, progress } = options;
  const { outputs } = rendered.plan;
  const { ffmpeg } = prepared.capabilities;
  for (const [index, planned] of outputs.entries()) {
    progress.at('verifying', index / outputs.length);
    const measured = await measureOutput(planned, { tools, clock, ffmpeg, stallSeconds, signal });
    const checks = [...verifyOutput(planned, measured), ...checksInStream(rendered, planned, measured)];
    findings.verified.push({ planned, measured, checks });
  }
  await assertContract(findings, options);
}

function checksInStream(
  { stream }: RenderedPlan,
  { track }: PlannedOutput,
  { probe }: MeasuredOutput,
): ContractCheck[] {
  if (stream === undefined || track === undefined) return [];
  return streamChecks(stream, track, probe?.video[0]?.codec ?? probe?.audio[0]?.codec);
}

async function assertContract(
  findings: StageFindings,
  options: Pick<VerifyOptions, 'tools' | 'signal'>,
): Promise<void> {
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

/** The cause of failed checks in an input: repairs in the log of FFmpeg, or copied streams that do not decode. */
function inputDamage({ processes, rendered }: StageFindings, failed: readonly ContractCheck[]): string | undefined {
  const logged = processes.map(({ stderr }) => damageIn(stderr)).find((line) => line !== undefined);
  if (logged !== undefined) return logged;
  return rendered?.plan.backend === 'copy' ? failed.find(({ name }) => name === 'decodes')?.measured : undefined;
}

/** The input that ends before its container says, where an output is too short. */
async function shortInput(
  { prepared }: StageFindings,
  failed: readonly ContractCheck[],
  { tools, signal }: Pick<VerifyOptions, 'tools' | 'signal'>,
): Promise<string | undefined> {
  if (!failed.some(({ name }) => name === 'duration' || name === 'frames')) return undefined;
  for (const [name, probe] of prepared?.probes ?? []) {
    const found = endsTooEarly(probe, await readEnds(probe.path, { tools, signal }));
    if (found !== undefined) return `input ${name} ${found}`;
  }
  return undefined;
}
