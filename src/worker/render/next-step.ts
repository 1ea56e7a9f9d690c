import { type CodedError, toCodedError } from '../../errors/coded-error.ts';
import { fallbackCauseOf, mayFallBack } from '../../media/ffmpeg/exit-classification.ts';
import { FfmpegError } from '../../media/ffmpeg/run/ffmpeg-process.ts';
import type { Capabilities } from '../../media/gpu/capabilities.ts';
import { MalformedMp4Error } from '../../media/mp4/boxes.ts';
import type { Measurements, Plan } from '../../media/planning/plan.ts';
import { SmartCutError } from '../../media/smart-cut/nal-units.ts';
import type { EncoderBackend, FallbackReason } from '../../model/status/result.ts';

/** What the plan of a stage depends on besides the stage and its inputs. It changes while the plan runs. */
export interface PlanConditions {
  /** Those of the machine, without the encoder backends that have failed. */
  readonly capabilities: Capabilities;
  /** Results of the analyses so far. */
  readonly measurements?: Measurements;
  /** Why a smart cut has failed; it is not tried again. */
  readonly smartCutFailure?: string;
}

/** A plan, and the conditions under which it was made. */
export interface PlanState {
  readonly plan: Plan;
  readonly conditions: PlanConditions;
}

/** Plan again under changed conditions. */
export interface Retry {
  readonly action: 'retry';
  /** What is not used any more. */
  readonly failed: 'smart-cut' | 'backend';
  readonly failure: CodedError;
  readonly conditions: PlanConditions;
}

export interface Fail {
  readonly action: 'fail';
  readonly failure: CodedError;
}

/** What follows from the failure of a plan: a plan without smart cut, one without the encoder backend, or the end. */
export function nextStep({ plan, conditions }: PlanState, error: unknown): Retry | Fail {
  const failure = toCodedError(error);
  if (isSmartCutFailure(plan, error)) {
    const { message } = error instanceof SmartCutError ? error : failure;
    const smartCutFailure = `copying failed: ${message}`;
    return { action: 'retry', failed: 'smart-cut', failure, conditions: { ...conditions, smartCutFailure } };
  }
  if (!mayFallBack(plan.backend, failure.code)) return { action: 'fail', failure };
  const cause = error instanceof FfmpegError ? error.fallbackCause : fallbackCauseOf(failure.code);
  const capabilities = withoutBackend(conditions.capabilities, plan.backend, { cause, message: failure.message });
  return { action: 'retry', failed: 'backend', failure, conditions: { ...conditions, capabilities } };
}

/** Whether another backend would fail as well: the pieces do not fit together, or the last backend cannot encode them. */
function isSmartCutFailure({ precision, backend }: Plan, error: unknown): boolean {
  if (precision?.method !== 'smart-cut') return false;
  if (error instanceof SmartCutError || error instanceof MalformedMp4Error) return true;
  // With a full disk or a stalled process, encoding the whole clip would fail in the same way, only later.
  if (!(error instanceof FfmpegError) || error.code === 'FFMPEG_STALLED' || error.code === 'STORAGE_FULL') return false;
  return !mayFallBack(backend, error.code);
}

function withoutBackend(capabilities: Capabilities, backend: EncoderBackend, reason: FallbackReason): Capabilities {
  return {
    ...capabilities,
    devices: capabilities.devices.map((device) => ({
      ...device,
      encodes: device.encodes.filter((encode) => encode.backend !== backend),
    })),
    unavailable: { ...capabilities.unavailable, [backend]: reason },
  };
}
