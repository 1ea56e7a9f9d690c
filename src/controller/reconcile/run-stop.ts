import type { RenderJobStatus } from '../../model/job/render-job.ts';
import type { Reason } from '../../model/status/lifecycle.ts';
import { isLive, type StageRun, type StopReason } from '../../ports/stage-runner.ts';
import type { Action } from './actions.ts';
import { type Decision, type Observation, settle, withActions } from './decision.ts';

/** A live run that has to end: asked once, then waited for. */
export function ending(
  observation: Observation,
  status: RenderJobStatus,
  run: StageRun,
  why: StopReason,
  reason: Reason,
  message: string,
): Decision {
  return withActions(settle(observation, { ...status, reason, message }), stop(run, why));
}

/** Live, or ended in a way that another controller may undo. */
export function mayRun(run: StageRun): boolean {
  return isLive(run) || run.mayRunAgain === true;
}

export function stop(run: StageRun, reason: StopReason): Action[] {
  return run.stopReason === undefined ? [{ type: 'stopStage', identity: run.identity, reason }] : [];
}
