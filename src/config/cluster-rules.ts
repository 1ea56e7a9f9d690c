import type { Config } from './settings.ts';

/** The settings that only make sense together. */
type ClusterConfig = Pick<Config, 'cluster' | 'objects' | 's3' | 'nats' | 'lease'>;

interface Problem {
  /** The group and the key of the setting. */
  readonly path: readonly [group: keyof Config, key: string];
  readonly message: string;
}

/** What is wrong about settings of which each is valid by itself: which one, what was expected and what was got. */
export function clusterProblems(config: ClusterConfig): readonly Problem[] {
  const problems = [
    ...accessProblems(config.cluster),
    storeProblem(config),
    progressProblem(config.nats),
    leaseProblem(config.lease),
  ];
  return problems.filter((problem) => problem !== undefined);
}

function accessProblems({ kubeconfig, apiServerHost, poolsFile }: Config['cluster']): readonly Problem[] {
  const problems: Problem[] = [];
  if (kubeconfig === undefined && apiServerHost === undefined) {
    const message = 'expected a kubeconfig, or to run in a pod (KUBERNETES_SERVICE_HOST), got neither';
    problems.push({ path: ['cluster', 'kubeconfig'], message });
  }
  if (poolsFile === undefined) {
    problems.push({ path: ['cluster', 'poolsFile'], message: 'expected a file, but it is not set' });
  }
  return problems;
}

/** Exactly one object store, and no setting of the other kind. */
function storeProblem({ objects, s3 }: ClusterConfig): Problem | undefined {
  if (objects.dir !== undefined && s3.bucket !== undefined) {
    const message = 'expected either a folder or FRAMEWRIGHT_S3_BUCKET for the object store, got both';
    return { path: ['objects', 'dir'], message };
  }
  if (objects.dir === undefined && s3.bucket === undefined) {
    const message = 'expected a folder or FRAMEWRIGHT_S3_BUCKET for the object store, got neither';
    return { path: ['objects', 'dir'], message };
  }
  // Inputs and destinations may be in buckets although the object store is a folder.
  const forJobs = s3.sourceBuckets.length + s3.destinationBuckets.length > 0;
  const forStore = !forJobs && (s3.endpoint !== undefined || s3.region !== undefined);
  if (s3.bucket === undefined && (s3.prefix !== '' || forStore)) {
    const message = 'expected a bucket beside the other settings of S3, but it is not set';
    return { path: ['s3', 'bucket'], message };
  }
  if (objects.dir === undefined && objects.claim !== undefined) {
    const message = 'expected FRAMEWRIGHT_OBJECTS_DIR beside it, but that is not set';
    return { path: ['objects', 'claim'], message };
  }
  return undefined;
}

function progressProblem({ url, credentialsFile }: Config['nats']): Problem | undefined {
  if (credentialsFile === undefined || url !== undefined) return undefined;
  const message = 'expected FRAMEWRIGHT_NATS_URL beside it, but that is not set';
  return { path: ['nats', 'credentialsFile'], message };
}

/** A leader must have stopped before the next one starts. */
function leaseProblem({ seconds, renewSeconds, retrySeconds }: Config['lease']): Problem | undefined {
  if (retrySeconds < renewSeconds && renewSeconds < seconds) return undefined;
  const message =
    'expected the retry to be shorter than the renew deadline and that to be shorter than the lease, ' +
    `got ${retrySeconds}, ${renewSeconds} and ${seconds} s: a leader must have stopped before the next one starts`;
  return { path: ['lease', 'seconds'], message };
}
