import { outputPrefix, reportPrefix } from '../../model/job/output-keys.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { stageSpecOf } from '../../model/job/stage.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { StageRunner } from '../../ports/stage-runner.ts';
import type { Policy } from '../policies/policy.ts';
import type { Action } from './actions.ts';
import { startOptions } from './stage-start.ts';

interface Ports {
  readonly store: JobStore;
  readonly runner: StageRunner;
  readonly objects: ObjectStore;
}

interface ExecutionOptions {
  readonly policy: Policy;
  readonly observer?: {
    readonly event?: (job: RenderJob, level: 'Normal' | 'Warning', reason: string, message: string) => void;
  };
}

/** Executes one action of a decision. Each may be repeated. */
export async function executeAction(
  { store, runner, objects }: Ports,
  { policy, observer }: ExecutionOptions,
  job: RenderJob,
  action: Action,
): Promise<void> {
  const { namespace, name, uid } = job.metadata;
  switch (action.type) {
    case 'startStage': {
      const identity = { namespace, name, uid, attempt: action.attempt, stage: action.stage };
      return runner.start(stageSpecOf(job.spec, identity, policy), startOptions(job, action.pool));
    }
    case 'stopStage':
      return runner.stop(action.identity, { graceMs: policy.graceMs, reason: action.reason });
    case 'removeOutputs':
      try {
        await removeOutputs(objects, uid, action.attempt);
      } catch (error) {
        const message = 'Files of the job cannot be removed now; the removal is retried.';
        observer?.event?.(job, 'Warning', 'CleanUpFailing', message);
        throw error;
      }
      return;
    case 'forgetRuns':
      return runner.forget(uid);
    case 'removeJob':
      return store.remove(job.metadata, uid);
    case 'finalizeJob':
      return store.finalize(job.metadata, uid);
    case 'recordEvent':
      observer?.event?.(job, action.level, action.reason, action.message);
  }
}

/** Removes what an attempt published, or without an attempt everything that the job published, reports included. */
export async function removeOutputs(objects: ObjectStore, uid: string, attempt?: number): Promise<void> {
  for await (const { key } of objects.list(outputPrefix(uid, attempt))) await objects.remove(key);
  if (attempt !== undefined) return;
  for await (const { key } of objects.list(reportPrefix(uid))) await objects.remove(key);
}
