import type { WaitCause, WaitingRun } from '../../../ports/stage-runner.ts';
import type { CachedStageJob, CachedStagePod } from './stage-objects.ts';

type Wait = WaitingRun['waitingFor'];

/**
 * Why a stage does not run yet, in one sentence, and since when.
 *
 * @param creationFailure why the Job controller cannot create a pod, if known
 */
export function stageWait(job: CachedStageJob, pod: CachedStagePod | undefined, creationFailure?: string): Wait {
  const jobCreated = Date.parse(job.metadata.creationTimestamp ?? '') || 0;
  const wait = (cause: WaitCause, since: number, message: string): Wait => ({ cause, since, message });
  if (pod === undefined) {
    if (job.queued && job.suspended) return wait('Queue', jobCreated, 'Waiting for Kueue to admit the Job.');
    if (creationFailure !== undefined) {
      return wait('PodRejected', jobCreated, `Its pod cannot be created: ${creationFailure}`);
    }
    return wait('Starting', jobCreated, starting);
  }
  const created = Date.parse(pod.metadata.creationTimestamp ?? '') || jobCreated;
  if (pod.node === undefined) {
    if (pod.waiting === undefined) return wait('Starting', created, starting);
    return wait('Unschedulable', created, `Its pod cannot be scheduled yet: ${withoutPreemption(pod.waiting)}`);
  }
  const since = pod.scheduledAt ?? created;
  if (pod.waiting === undefined || ordinaryReasons.has(pod.waitingReason ?? ''))
    return wait('Starting', since, starting);
  if (imageReasons.has(pod.waitingReason ?? '')) {
    return wait('ImagePullFailed', since, `The image ${pod.image} cannot be pulled on ${pod.node}${imageDetail(pod)}`);
  }
  const reason = pod.waitingReason === undefined || pod.waiting === pod.waitingReason ? '' : `${pod.waitingReason}: `;
  return wait('ContainerNotStarted', since, `Its container cannot be started on ${pod.node}: ${reason}${pod.waiting}`);
}

/** One message for a whole normal start: each further one would be another write of the status. */
const starting = 'Its pod is being started.';

/** The kubelet's reasons for every container before it runs. */
const ordinaryReasons: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** The kubelet's reasons for an image that cannot be pulled (kubernetes/pkg/kubelet/images/types.go). */
const imageReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** The scheduler's message without its end on preemption, which cannot help. */
function withoutPreemption(message: string): string {
  return message.replace(/\.? (no new claims to deallocate|preemption: ).*$/s, '.');
}

/** The kubelet alternates between the error and its back-off: the part that both messages contain. */
function imageDetail({ waiting = '' }: CachedStagePod): string {
  const detail = waiting.replace(/^Back-off pulling image "[^"]*"(: )?/, '').replace(/^ErrImagePull: /, '');
  return detail === '' || imageReasons.has(detail) ? '.' : `: ${detail}`;
}
