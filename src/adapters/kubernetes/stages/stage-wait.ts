import type { WaitCause, WaitingRun } from '../../../ports/stage-runner.ts';
import type { CachedStageJob, CachedStagePod } from './stage-objects.ts';

type Wait = WaitingRun['waitingFor'];

/**
 * What a stage waits for that does not run yet, in one sentence, and since when.
 *
 * @param refused why the API server lets no pod be made, when it said so
 */
export function stageWait(job: CachedStageJob, pod: CachedStagePod | undefined, refused?: string): Wait {
  const made = Date.parse(job.metadata.creationTimestamp ?? '') || 0;
  const wait = (cause: WaitCause, since: number, message: string): Wait => ({ cause, since, message });
  if (pod === undefined) {
    if (job.queued && job.suspended) return wait('Queue', made, 'Waiting for Kueue to let the Job run.');
    if (refused !== undefined) return wait('PodRejected', made, `No pod can be made for it: ${refused}`);
    return wait('Starting', made, starting);
  }
  const created = Date.parse(pod.metadata.creationTimestamp ?? '') || made;
  if (pod.node === undefined) {
    if (pod.waiting === undefined) return wait('Starting', created, starting);
    return wait('Unschedulable', created, `No node has a place for its pod yet: ${unplaced(pod.waiting)}`);
  }
  const since = pod.scheduledAt ?? created;
  if (pod.waiting === undefined || ordinary.has(pod.waitingReason ?? '')) return wait('Starting', since, starting);
  if (imageFaults.has(pod.waitingReason ?? '')) {
    return wait('ImagePullFailed', since, `The image ${pod.image} cannot be pulled on ${pod.node}${imageDetail(pod)}`);
  }
  const said = pod.waitingReason === undefined || pod.waiting === pod.waitingReason ? '' : `${pod.waitingReason}: `;
  return wait('ContainerNotStarted', since, `Its container cannot be started on ${pod.node}: ${said}${pod.waiting}`);
}

/** One sentence for all of a start that goes as it should: each other one would be a write of the status. */
const starting = 'Its pod is being started.';

/** What the kubelet says of every container before it runs. */
const ordinary: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** The kubelet's words for an image that is not there (kubernetes/pkg/kubelet/images/types.go). */
const imageFaults: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** The scheduler's words up to where it tells what preempting others would bring, which is nothing. */
function unplaced(words: string): string {
  return words.replace(/\.? (no new claims to deallocate|preemption: ).*$/s, '.');
}

/** The kubelet says in turn what is wrong and that it backs off: the part that both have. */
function imageDetail({ waiting = '' }: CachedStagePod): string {
  const detail = waiting.replace(/^Back-off pulling image "[^"]*"(: )?/, '').replace(/^ErrImagePull: /, '');
  return detail === '' || imageFaults.has(detail) ? '.' : `: ${detail}`;
}
