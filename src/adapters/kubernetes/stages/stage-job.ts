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

interface StageJobOptions extends Omit<StartOptions, 'pool'> {
  /** Seconds between SIGTERM and SIGKILL of a pod; a stop may shorten them. */
  readonly graceSeconds: number;
  /** Seconds by which the deadline of the pod is later than the worker's own. */
  readonly timeoutSlackSeconds: number;
  /** For the worker of this stage only; overrides that of the pool. */
  readonly environment?: readonly EnvironmentVariable[];
}

// Not a user of the image; the file systems of volumes are made writable for its group.
const workerUser = 65_532;
const scratchDir = '/scratch';
const terminationLog = '/dev/termination-log';

/**
 * The batch/v1 Job of a stage. It runs exactly one pod: another attempt is another Job, so that only the status counts
 * attempts and progress never starts again within one.
 *
 * @throws CodedError `SPEC_INVALID` when the stage does not fit into an environment variable
 */
export function stageJob(stage: StageSpec, pool: Pool, options: StageJobOptions): object {
  const { identity } = stage;
  const { owner, queue, podTemplate } = options;
  const owned = owner === undefined ? {} : { [labels.owner]: owner };
  const stageAndPool = { ...stageLabels(identity), ...owned, [labels.pool]: pool.name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: stageName(identity),
      namespace: identity.namespace,
      labels: { ...stageAndPool, ...(queue === undefined ? {} : { [labels.kueueQueue]: queue }) },
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
      // Kueue admits it and then decides where it runs: neither is written again.
      ...(queue === undefined ? {} : { suspend: true }),
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      podFailurePolicy,
      // A pod on a lost node may still write: nothing replaces it before it has ended.
      podReplacementPolicy: 'Failed',
      template: {
        metadata: {
          labels: { ...pool.labels, ...withoutReserved(podTemplate?.labels), ...stageAndPool },
          annotations: { ...pool.annotations, ...withoutReserved(podTemplate?.annotations) },
        },
        spec: podSpec(stage, pool, options),
      },
    },
  };
}

/**
 * Shows in the Job's own condition why it failed. No rule ignores a failure: the Job controller would then start the same
 * attempt again. The pod decides what counts towards a job's retries.
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

/** Without the keys on which controllers act: a job may not set those. */
function withoutReserved(map: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).filter(([key]) => !reservedPrefixes.some((prefix) => key.startsWith(prefix))),
  );
}

/** Labels of a Job and its pods, for selectors. */
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
    // Counted from the start of the pod, unlike the deadline of a Job, which would include the wait for a GPU.
    activeDeadlineSeconds: Math.ceil(stage.timeoutSeconds + timeoutSlackSeconds),
    terminationGracePeriodSeconds: Math.ceil(graceSeconds),
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(pool.runtimeClassName === undefined ? {} : { runtimeClassName: pool.runtimeClassName }),
    nodeSelector: { ...podTemplate?.nodeSelector, ...pool.nodeSelector },
    ...(avoidNodes.length === 0 ? {} : { affinity: avoidNodesAffinity(avoidNodes) }),
    tolerations: pool.tolerations ?? [],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: workerUser,
      runAsGroup: workerUser,
      fsGroup: workerUser,
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

/** Prefers other nodes, to try another GPU; the same node is better than none. */
function avoidNodesAffinity(nodes: readonly string[]): object {
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
  const overridden = new Set(environment.map(({ name }) => name));
  const { volumeMounts, env } = stageVolumes(stage, pool);
  // Exactly one, on the main container: with init containers, devices were counted twice (kubernetes#124345).
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
      ...(pool.environment ?? []).filter(({ name }) => !overridden.has(name)),
      ...environment,
    ],
    resources: {
      requests: { ...pool.requests, ...withoutDevices(podTemplate?.requests), ...device },
      limits: { ...pool.limits, ...withoutDevices(podTemplate?.limits), ...device },
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

/** Without devices, which the pool adds: slots of devices that a job requested itself would not be counted. */
function withoutDevices(quantities: Readonly<Record<string, string>> = {}): Record<string, string> {
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
