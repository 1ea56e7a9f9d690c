import { CodedError } from '../../../errors/coded-error.ts';
import { errorTable } from '../../../errors/error-table.ts';
import { bounds } from '../../../model/job/bounds.ts';
import { apiVersion, podResources } from '../../../model/job/render-job.ts';
import { type StageIdentity, type StageSpec, stageName } from '../../../model/job/stage.ts';
import { labels, managedByUs, reservedPrefixes } from '../../../model/labels.ts';
import type { StartOptions } from '../../../ports/stage-runner.ts';
import { workerEnvironment } from '../../../worker-protocol/environment.ts';
import type { EnvironmentVariable, Pool } from '../pools/pool.ts';
import { stageVolumes } from './stage-volumes.ts';

/** The container of every stage. */
export const workerContainer = 'worker';

export interface StageJobOptions extends Omit<StartOptions, 'pool'> {
  /** Seconds between the polite and the hard end of a pod, where nobody asks for less. */
  readonly graceSeconds: number;
  /** Seconds by which the system's own limit comes after the worker's. */
  readonly timeoutSlackSeconds: number;
  /** For the worker of this stage alone; goes before what the pool says. */
  readonly environment?: readonly EnvironmentVariable[];
}

// No user of the image; any file system of a volume is made writable for it.
const nobody = 65_532;
const scratchDir = '/scratch';
const terminationLog = '/dev/termination-log';

/**
 * The batch/v1 Job of a stage. It runs one pod and never another: a further attempt is a further Job, so that attempts
 * are counted in one place and progress never starts again within one.
 *
 * @throws CodedError `SPEC_INVALID` when the stage does not fit into an environment variable
 */
export function stageJob(stage: StageSpec, pool: Pool, options: StageJobOptions): object {
  const { identity } = stage;
  const { owner, queue, podTemplate } = options;
  const owned = owner === undefined ? {} : { [labels.owner]: owner };
  const labelled = { ...stageLabels(identity), ...owned, [labels.pool]: pool.name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: stageName(identity),
      namespace: identity.namespace,
      labels: { ...labelled, ...(queue === undefined ? {} : { [labels.kueueQueue]: queue }) },
      ownerReferences: [
        {
          apiVersion,
          kind: 'RenderJob',
          name: identity.name,
          uid: identity.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      // Kueue lets it run, and from then on says where: neither is ever written again.
      ...(queue === undefined ? {} : { suspend: true }),
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      podFailurePolicy,
      // A pod whose node is silent may still write: nothing replaces it before it has ended.
      podReplacementPolicy: 'Failed',
      template: {
        metadata: {
          labels: { ...pool.labels, ...withoutReserved(podTemplate?.labels), ...labelled },
          annotations: { ...pool.annotations, ...withoutReserved(podTemplate?.annotations) },
        },
        spec: podSpec(stage, pool, options),
      },
    },
  };
}

/**
 * Says in the Job's own condition why it failed. No rule ignores a failure: the Job controller would then start the same
 * attempt again. What counts towards a job's retries is decided from its pod.
 */
const podFailurePolicy = {
  rules: [
    { action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { containerName: workerContainer, operator: 'In', values: permanentExits() } },
  ],
};

/** Exit codes of a worker after which the same stage cannot succeed anywhere. */
function permanentExits(): number[] {
  const exits = Object.values(errorTable).flatMap(({ exit, retry }) =>
    exit === undefined || retry !== 'no' ? [] : [exit],
  );
  return exits.toSorted((a, b) => a - b);
}

/** Keys that other controllers act on are not for a job to set. */
function withoutReserved(map: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).filter(([key]) => !reservedPrefixes.some((prefix) => key.startsWith(prefix))),
  );
}

/** Labels of a Job and its pods; selectors and people find them by these. */
function stageLabels({ name, uid, attempt, stage }: StageIdentity): Record<string, string> {
  return {
    ...managedByUs,
    [labels.appName]: 'framewright-worker',
    [labels.partOf]: 'framewright',
    [labels.component]: 'worker',
    [labels.job]: name,
    [labels.uid]: uid,
    [labels.attempt]: String(attempt),
    [labels.stage]: stage,
  };
}

function podSpec(
  stage: StageSpec,
  pool: Pool,
  { graceSeconds, timeoutSlackSeconds, podTemplate, environment = [], avoidNodes = [] }: StageJobOptions,
): object {
  const { allocation } = pool;
  const serviceAccountName = podTemplate?.serviceAccountName ?? pool.serviceAccountName;
  const priorityClassName = podTemplate?.priorityClassName ?? pool.priorityClassName;
  return {
    restartPolicy: 'Never',
    // Counted from when the pod runs, unlike the limit of a Job, which would count the wait for a GPU.
    activeDeadlineSeconds: Math.ceil(stage.timeoutSeconds + timeoutSlackSeconds),
    terminationGracePeriodSeconds: Math.ceil(graceSeconds),
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(pool.runtimeClassName === undefined ? {} : { runtimeClassName: pool.runtimeClassName }),
    nodeSelector: { ...podTemplate?.nodeSelector, ...pool.nodeSelector },
    ...(avoidNodes.length === 0 ? {} : { affinity: awayFrom(avoidNodes) }),
    tolerations: pool.tolerations ?? [],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: nobody,
      runAsGroup: nobody,
      fsGroup: nobody,
      supplementalGroups: pool.supplementalGroups ?? [],
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(allocation.type === 'DRA'
      ? { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: allocation.claimTemplate }] }
      : {}),
    containers: [workerOf(stage, pool, podTemplate, environment)],
    volumes: [
      { name: 'scratch', emptyDir: sizeLimit(podTemplate?.scratchSize ?? pool.scratchSize) },
      ...stageVolumes(stage, pool).volumes,
    ],
  };
}

/** Where another GPU is to be tried: a wish, since the same node is better than none. */
function awayFrom(nodes: readonly string[]): object {
  const matchExpressions = [{ key: labels.hostname, operator: 'NotIn', values: nodes }];
  return {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions } }],
    },
  };
}

function workerOf(
  stage: StageSpec,
  pool: Pool,
  podTemplate: StageJobOptions['podTemplate'],
  environment: readonly EnvironmentVariable[],
): object {
  const { allocation } = pool;
  const own = new Set(environment.map(({ name }) => name));
  const { volumeMounts, env } = stageVolumes(stage, pool);
  // Exactly one, on the one main container: with init containers devices were counted twice (kubernetes#124345).
  const device = allocation.type === 'DevicePlugin' ? { [allocation.resourceName]: '1' } : {};
  return {
    name: workerContainer,
    image: pool.image,
    args: ['worker'],
    env: [
      { name: workerEnvironment.stage, value: stageText(stage) },
      { name: workerEnvironment.resultFile, value: terminationLog },
      { name: workerEnvironment.scratchDir, value: scratchDir },
      ...env,
      ...(pool.environment ?? []).filter(({ name }) => !own.has(name)),
      ...environment,
    ],
    resources: {
      requests: { ...pool.requests, ...ordinary(podTemplate?.requests), ...device },
      limits: { ...pool.limits, ...ordinary(podTemplate?.limits), ...device },
      ...(allocation.type === 'DRA' ? { claims: [{ name: 'gpu' }] } : {}),
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    terminationMessagePath: terminationLog,
    terminationMessagePolicy: 'File',
    volumeMounts: [{ name: 'scratch', mountPath: scratchDir }, ...volumeMounts],
  };
}

/** Devices come with the pool: a job that asked for its own would take slots that nobody counts. */
function ordinary(quantities: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    podResources.flatMap((name) => (quantities[name] === undefined ? [] : [[name, quantities[name]] as const])),
  );
}

function stageText(stage: StageSpec): string {
  const text = JSON.stringify(stage);
  const bytes = Buffer.byteLength(text);
  if (bytes <= bounds.stageSpecBytes) return text;
  throw new CodedError('SPEC_INVALID', `Expected a stage of at most ${bounds.stageSpecBytes} bytes, got ${bytes}`);
}

function sizeLimit(size: string | undefined): object {
  return size === undefined ? {} : { sizeLimit: size };
}
