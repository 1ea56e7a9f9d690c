/** The settings that only make sense together, as far as the rules look at them. */
export interface ClusterChoice {
  readonly kubeconfig: string | undefined;
  readonly apiServerHost: string | undefined;
  readonly poolsFile: string | undefined;
  readonly objectsDir: string | undefined;
  readonly objectsClaim: string | undefined;
  readonly s3Bucket: string | undefined;
  readonly s3Prefix: string;
  readonly s3Endpoint: string | undefined;
  readonly s3Region: string | undefined;
  readonly s3SourceBuckets: readonly string[];
  readonly s3DestinationBuckets: readonly string[];
  readonly natsUrl: string | undefined;
  readonly natsCredentialsFile: string | undefined;
  readonly leaseSeconds: number;
  readonly leaseRenewSeconds: number;
  readonly leaseRetrySeconds: number;
}

interface Problem {
  readonly key: keyof ClusterChoice;
  readonly message: string;
}

/** What is wrong about settings that are fine each by itself: where, what was expected and what was got. */
export function clusterProblems(choice: ClusterChoice): Problem[] {
  const { leaseSeconds, leaseRenewSeconds, leaseRetrySeconds } = choice;
  const problems: (Problem | undefined | false)[] = [
    choice.kubeconfig === undefined &&
      choice.apiServerHost === undefined && {
        key: 'kubeconfig',
        message: 'expected a kubeconfig, or to run in a pod (KUBERNETES_SERVICE_HOST), got neither',
      },
    choice.poolsFile === undefined && { key: 'poolsFile', message: 'expected a file, got none' },
    storeProblem(choice),
    choice.natsCredentialsFile !== undefined &&
      choice.natsUrl === undefined && {
        key: 'natsCredentialsFile',
        message: 'expected FRAMEWRIGHT_NATS_URL beside it, got none',
      },
    !(leaseRetrySeconds < leaseRenewSeconds && leaseRenewSeconds < leaseSeconds) && {
      key: 'leaseSeconds',
      message:
        'expected the retry to be shorter than the renew deadline and that to be shorter than the lease, ' +
        `got ${leaseRetrySeconds}, ${leaseRenewSeconds} and ${leaseSeconds} s: a leader must have stopped before the next one starts`,
    },
  ];
  return problems.filter((problem) => problem !== undefined && problem !== false);
}

/** Exactly one place for objects, and no word about the other one. */
function storeProblem(choice: ClusterChoice): Problem | undefined {
  const { objectsDir, objectsClaim, s3Bucket, s3Prefix, s3Endpoint, s3Region } = choice;
  if (objectsDir !== undefined && s3Bucket !== undefined) {
    return {
      key: 'objectsDir',
      message: 'expected either a folder or FRAMEWRIGHT_S3_BUCKET for the object store, got both',
    };
  }
  if (objectsDir === undefined && s3Bucket === undefined) {
    return {
      key: 'objectsDir',
      message: 'expected a folder or FRAMEWRIGHT_S3_BUCKET for the object store, got neither',
    };
  }
  // Inputs and destinations may be in buckets although the object store is a folder.
  const ofJobs = choice.s3SourceBuckets.length + choice.s3DestinationBuckets.length > 0;
  const ofServer = !ofJobs && (s3Endpoint !== undefined || s3Region !== undefined);
  if (s3Bucket === undefined && (s3Prefix !== '' || ofServer)) {
    return { key: 's3Bucket', message: 'expected a bucket beside the other settings of S3, got none' };
  }
  if (objectsDir === undefined && objectsClaim !== undefined) {
    return { key: 'objectsClaim', message: 'expected FRAMEWRIGHT_OBJECTS_DIR beside it, got none' };
  }
  return undefined;
}
