import type { StageIdentity } from '../../model/job/stage.ts';
import type { StopReason } from '../../ports/stage-runner.ts';

/** What brings the world closer to a decision. Run in order, after the status write; each may be repeated. */
export type Action =
  | { readonly type: 'startStage'; readonly attempt: number; readonly stage: string; readonly pool: string }
  | { readonly type: 'stopStage'; readonly identity: StageIdentity; readonly reason: StopReason }
  /** Removes what an attempt published, or with no attempt everything of the job. */
  | { readonly type: 'removeOutputs'; readonly attempt?: number }
  | { readonly type: 'forgetRuns' }
  /** Asks for removal of the job; the next decision cleans up. */
  | { readonly type: 'removeJob' }
  /** Drops the record, once nothing is left of it elsewhere. */
  | { readonly type: 'finalizeJob' }
  | {
      readonly type: 'recordEvent';
      readonly level: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    };
