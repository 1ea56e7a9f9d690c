import { CodedError } from '../../errors/coded-error.ts';
import { jobType } from '../../model/job/job-type.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { annotations, labels } from '../../model/labels.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ApiLimits } from '../services.ts';
import { retryJobName } from './job-names.ts';

/**
 * Retries a failed or cancelled job as a new one, because a terminal phase never changes. Its name is derived from the old
 * one, so the same request again gives the same job.
 */
export async function retryJob(
  store: JobStore,
  limits: ApiLimits,
  old: RenderJob,
): Promise<{ readonly job: RenderJob; readonly created: boolean }> {
  const { metadata, status } = old;
  if (!isTerminal(status?.phase)) {
    throw new CodedError('CONFLICT', `Expected a job that has ended, got one that is ${status?.phase ?? 'Queued'}.`);
  }
  if (status?.phase === 'Succeeded')
    throw new CodedError('CONFLICT', 'Expected a failed or cancelled job, got one that succeeded.');
  const { cancelled: _cancelled, suspend: _suspend, ...spec } = old.spec;
  const owner = metadata.labels?.[labels.owner] ?? '';
  const name = retryJobName(metadata.name, metadata.annotations?.[annotations.retryOf] !== undefined);
  const { [annotations.requestDigest]: _digest, ...kept } = metadata.annotations ?? {};
  const outcome = await store.create(
    {
      namespace: metadata.namespace,
      name,
      spec,
      labels: { ...metadata.labels, [labels.type]: jobType(spec) },
      annotations: { ...kept, [annotations.retryOf]: metadata.name },
    },
    { owner, maxUnfinished: limits.unfinishedJobs },
  );
  if (outcome.job.metadata.annotations?.[annotations.retryOf] !== metadata.name) {
    throw new CodedError('CONFLICT', `Expected ${name} to be unused or a retry of this job, but it is another job.`);
  }
  return outcome;
}
