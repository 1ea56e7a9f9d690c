import type { StageIdentity } from '../../model/job/stage.ts';
import type { StopReason } from '../../ports/stage-runner.ts';

/** One step of a decision. Executed in order, after the status write; each may be repeated. */
export type Action =
  | { readonly type: 'startStage'; readonly attempt: number; readonly stage: string; readonly pool: string }
  | { readonly type: 'stopStage'; readonly identity: StageIdentity; readonly reason: StopReason }
  /** Removes what an attempt published, or without an attempt everything that the job published. */
  | { readonly type: 'removeOutputs'; readonly attempt?: number }
  | { readonly type: 'forgetRuns' }
  /** Requests the removal of the job; the next decision cleans up. */
  | { readonly type: 'removeJob' }
  /** Removes the record, once nothing else of the job is left. */
  | { readonly type: 'finalizeJob' }
  | {
      readonly type: 'recordEvent';
      readonly level: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    };
