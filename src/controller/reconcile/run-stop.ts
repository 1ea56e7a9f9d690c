import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import { isLive, type LiveRun, type StageRun, type StopReason } from '../../ports/stage-runner.ts';
import type { Action } from './actions.ts';
import { type Decision, type Observation, settle, withActions } from './decision.ts';

export interface RunEnding {
  readonly run: LiveRun;
  readonly stopReason: StopReason;
  readonly reason: Reason;
  readonly message: string;
}

/** Stops a live run and waits for its end. */
export function ending(
  observation: Observation,
  status: RenderJobStatus,
  { run, stopReason, reason, message }: RunEnding,
): Decision {
  return withActions(settle(observation, { ...status, reason, message }), stop(run, stopReason));
}

/** Whether a run is live, or has ended in a way that another controller may undo. */
export function isLiveOrResumable(run: StageRun): boolean {
  return isLive(run) || run.mayRunAgain === true;
}

/** The action that stops a run, unless it was stopped before. */
export function stop(run: StageRun, reason: StopReason): Action[] {
  return run.stopReason === undefined ? [{ type: 'stopStage', identity: run.identity, reason }] : [];
}
