import type { Plan } from '../../media/planning/plan.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { AccelerationReport, StageResult } from '../../model/status/result.ts';
import type { PreparedStage } from '../prepare-stage.ts';
import type { ProcessRecord } from '../render/process-record.ts';
import type { RenderedPlan } from '../render/run-plan.ts';
import { measuredPrecision } from './measured-precision.ts';
import type { VerifiedOutput } from './output-files.ts';

/** What is known of a stage so far: it may fail at any point, and is reported all the same. */
export interface StageFindings {
  prepared?: PreparedStage;
  rendered?: RenderedPlan;
  readonly processes: ProcessRecord[];
  readonly verified: VerifiedOutput[];
}

/** The members of a result that a failed stage has too. */
export function resultOf({ prepared, rendered, verified, processes }: StageFindings): Partial<StageResult> {
  const plan = rendered?.plan ?? prepared?.plan;
  const checks = verified.flatMap((output) => output.checks);
  // Failed ones first: the list is bounded, and the report has all of them.
  const listed = [...checks.filter(({ ok }) => !ok), ...checks.filter(({ ok }) => ok)].slice(0, 32);
  return {
    ...(plan && { acceleration: accelerationOf(plan) }),
    ...(rendered?.plan.precision && {
      precision: measuredPrecision(rendered.plan.precision, rendered.joined, trimmedOutput(verified)),
    }),
    ...(listed.length > 0 && { checks: listed }),
    ...(processes.length > 0 && { processes: processes.length }),
  };
}

/** The output to which the precision of a trim refers. */
function trimmedOutput(verified: readonly VerifiedOutput[]): VerifiedOutput | undefined {
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

export function timingsOf(
  { prepared, rendered }: StageFindings,
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

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
