import { CodedError } from '../errors.ts';
import { bounds } from '../model/bounds.ts';
import { labels } from '../model/labels.ts';
import { apiVersion, type RenderJobSpec } from '../model/render-job.ts';
import { type StageIdentity, type StageSpec, stageName } from '../model/stage.ts';
import { workerEnvironment } from '../worker/environment.ts';
import type { Pool } from './pool.ts';

/** The container of every stage. */
export const workerContainer = 'worker';

/** Label by which all Jobs and pods of ours are watched. */
export const managedBy = { 'app.kubernetes.io/managed-by': 'framewright' } as const;
export const poolLabel = 'framewright.dev/pool';
/** On a Job that was asked to end: why. */
export const stopAnnotation = 'framewright.dev/stop-reason';

export interface StageJobOptions {
  /** Seconds between the polite and the hard end of a pod, where nobody asks for less. */
  readonly graceSeconds: number;
  /** Seconds by which the system's own limit comes after the worker's. */
  readonly timeoutSlackSeconds: number;
  /** The bounded changes that the job asks for. */
  readonly podTemplate?: RenderJobSpec['podTemplate'] | undefined;
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
  const labelled = { ...stageLabels(identity), [poolLabel]: pool.name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: stageName(identity),
      namespace: identity.namespace,
      labels: labelled,
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
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      // A pod whose node is silent may still write: nothing replaces it before it has ended.
      podReplacementPolicy: 'Failed',
      template: {
        metadata: {
          labels: { ...options.podTemplate?.labels, ...labelled },
          annotations: { ...options.podTemplate?.annotations },
        },
        spec: podSpec(stage, pool, options),
      },
    },
  };
}

/** Labels of a Job and its pods; selectors and people find them by these. */
export function stageLabels({ name, uid, attempt, stage }: StageIdentity): Record<string, string> {
  return {
    ...managedBy,
    'app.kubernetes.io/name': 'framewright-worker',
    'app.kubernetes.io/part-of': 'framewright',
    'app.kubernetes.io/component': 'worker',
    [labels.job]: name,
    [labels.uid]: uid,
    [labels.attempt]: String(attempt),
    [labels.stage]: stage,
  };
}

function podSpec(
  stage: StageSpec,
  pool: Pool,
  { graceSeconds, timeoutSlackSeconds, podTemplate }: StageJobOptions,
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
    containers: [workerOf(stage, pool, podTemplate)],
    volumes: [{ name: 'scratch', emptyDir: sizeLimit(podTemplate?.scratchSize ?? pool.scratchSize) }],
  };
}

function workerOf(stage: StageSpec, pool: Pool, podTemplate: StageJobOptions['podTemplate']): object {
  const { allocation } = pool;
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
      ...(pool.environment ?? []),
    ],
    resources: {
      requests: { ...pool.requests, ...podTemplate?.requests, ...device },
      limits: { ...pool.limits, ...podTemplate?.limits, ...device },
      ...(allocation.type === 'DRA' ? { claims: [{ name: 'gpu' }] } : {}),
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    terminationMessagePath: terminationLog,
    terminationMessagePolicy: 'File',
    volumeMounts: [{ name: 'scratch', mountPath: scratchDir }],
  };
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
