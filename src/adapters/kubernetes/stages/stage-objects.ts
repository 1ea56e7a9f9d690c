import type { V1Job, V1Node, V1Pod } from '@kubernetes/client-node';
import type { StageIdentity } from '../../../model/job/stage.ts';
import { annotations, labels } from '../../../model/labels.ts';
import { type StopReason, stopReasons } from '../../../ports/stage-runner.ts';
import { type ApiObject, controllerUid, isApiObject, type ObjectMeta, type Wire } from '../client/api-object.ts';
import type { Taint } from '../pools/toleration.ts';
import { workerContainer } from './stage-job.ts';

/** The fields of one of our Jobs that decide its run. */
export interface CachedStageJob extends ApiObject {
  readonly metadata: ObjectMeta;
  readonly identity: StageIdentity;
  /** Uid of the RenderJob that controls it. */
  readonly owner: string | undefined;
  readonly pool: string | undefined;
  readonly stopReason: StopReason | undefined;
  /** Whether Kueue decides when it runs. */
  readonly queued: boolean;
  readonly suspended: boolean;
  /** The Job controller confirms that the Job is suspended: from then on it creates no pod. */
  readonly idle: boolean;
  /** How it ended, from the Job controller's condition. */
  readonly ended: 'Complete' | 'Failed' | undefined;
  readonly endMessage: string | undefined;
  readonly endedAt: number | undefined;
}

/** The fields of one of our pods that decide its run. */
export interface CachedStagePod extends ApiObject {
  readonly metadata: ObjectMeta;
  /** Uid of its Job. */
  readonly job: string | undefined;
  /** Its stage, from its labels. */
  readonly identity: StageIdentity | undefined;
  readonly phase: string;
  readonly node: string | undefined;
  /** Of the kubelet or the system, one word such as Evicted. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** Why the system interrupted it, if it did. */
  readonly disruption: string | undefined;
  /** Why it waits: the message of the scheduler or the kubelet. */
  readonly waiting: string | undefined;
  /** The reason of the same, one word such as ErrImagePull. */
  readonly waitingReason: string | undefined;
  readonly image: string | undefined;
  readonly memoryLimit: string | undefined;
  readonly scheduledAt: number | undefined;
  readonly runningSince: number | undefined;
  readonly terminated: TerminatedWorker | undefined;
}

export interface TerminatedWorker {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

export interface CachedNode extends ApiObject {
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly taints: readonly Taint[];
  readonly labels: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

export function acceptStageJob(value: unknown): CachedStageJob | undefined {
  if (!isJob(value)) return undefined;
  const identity = identityOf(value);
  if (identity === undefined) return undefined;
  const holds = (value.status?.conditions ?? []).filter(({ status }) => status === 'True');
  const condition = holds.find(({ type }) => type === 'Complete' || type === 'Failed');
  const stop = value.metadata.annotations?.[annotations.stopReason];
  return {
    metadata: kept(value.metadata),
    identity,
    owner: controllerUid(value),
    pool: value.metadata.labels?.[labels.pool],
    stopReason: stopReasons.find((reason) => reason === stop),
    queued: value.metadata.labels?.[labels.kueueQueue] !== undefined,
    suspended: value.spec?.suspend === true,
    idle: holds.some(({ type }) => type === 'Suspended'),
    ended: condition === undefined ? undefined : condition.type === 'Complete' ? 'Complete' : 'Failed',
    endMessage: condition?.message,
    endedAt: instant(condition?.lastTransitionTime),
  };
}

export function acceptStagePod(value: unknown): CachedStagePod | undefined {
  if (!isPod(value)) return undefined;
  const { metadata, spec, status } = value;
  const worker = status?.containerStatuses?.find(({ name }) => name === workerContainer)?.state;
  const container = spec?.containers.find(({ name }) => name === workerContainer);
  const condition = (type: string, state: string) =>
    status?.conditions?.find((one) => one.type === type && one.status === state);
  return {
    metadata: kept(metadata),
    job: controllerUid(value),
    identity: identityOf(value),
    phase: status?.phase ?? 'Pending',
    node: spec?.nodeName,
    reason: status?.reason,
    message: status?.message,
    disruption: condition('DisruptionTarget', 'True')?.message,
    waiting: worker?.waiting?.message ?? worker?.waiting?.reason ?? condition('PodScheduled', 'False')?.message,
    waitingReason: worker?.waiting?.reason,
    image: container?.image,
    memoryLimit: container?.resources?.limits?.['memory'],
    scheduledAt: instant(condition('PodScheduled', 'True')?.lastTransitionTime),
    runningSince: instant(worker?.running?.startedAt),
    terminated: worker?.terminated === undefined ? undefined : terminatedOf(worker.terminated),
  };
}

export function acceptNode(value: unknown): CachedNode | undefined {
  if (!isNode(value)) return undefined;
  const ready = value.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return {
    metadata: kept(value.metadata),
    ready,
    cordoned: value.spec?.unschedulable === true,
    taints: (value.spec?.taints ?? []).map(({ key, value: text, effect }) => ({
      key,
      effect,
      ...(text === undefined ? {} : { value: text }),
    })),
    labels: value.metadata.labels ?? {},
    allocatable: value.status?.allocatable ?? {},
  };
}

type Terminated = NonNullable<
  NonNullable<NonNullable<NonNullable<Wire<V1Pod>['status']>['containerStatuses']>[number]['state']>['terminated']
>;

function terminatedOf({ exitCode, reason, message, startedAt, finishedAt }: Terminated): TerminatedWorker {
  return {
    exitCode,
    reason: reason ?? '',
    message: message ?? '',
    startedAt: instant(startedAt),
    finishedAt: instant(finishedAt),
  };
}

// The API server guarantees their further fields.
function isJob(value: unknown): value is ApiObject & Pick<Wire<V1Job>, 'spec' | 'status'> {
  return isApiObject(value);
}

function isPod(value: unknown): value is ApiObject & Pick<Wire<V1Pod>, 'spec' | 'status'> {
  return isApiObject(value);
}

function isNode(value: unknown): value is ApiObject & Pick<Wire<V1Node>, 'spec' | 'status'> {
  return isApiObject(value);
}

/** From the labels that we set on the Job; undefined for a foreign Job. */
function identityOf({ metadata: { namespace, labels: given = {} } }: ApiObject): StageIdentity | undefined {
  const { [labels.job]: name, [labels.uid]: uid, [labels.attempt]: attempt, [labels.stage]: stage } = given;
  if (namespace === undefined || name === undefined || uid === undefined || stage === undefined) return undefined;
  if (attempt === undefined || !/^[1-9]\d{0,8}$/.test(attempt)) return undefined;
  return { namespace, name, uid, attempt: Number(attempt), stage };
}

function kept({ name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp }: ObjectMeta): ObjectMeta {
  return {
    name,
    uid,
    resourceVersion,
    ...(namespace === undefined ? {} : { namespace }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}

function instant(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}
