import { checkDestinationBucket, checkSourceBucket, type S3Access } from '../../adapters/object-store/bucket-access.ts';
import type { Feature } from '../../api/jobs/features.ts';
import type { Config } from '../../config/load-config.ts';
import type { RenderJobSpec } from '../../model/job/render-job.ts';

// What an API in a cluster offers beside what one machine does, and which buckets its jobs may name.

export function clusterFeatures({ sourceBuckets, destinationBuckets }: Config['s3']): ReadonlySet<Feature> {
  return new Set<Feature>([
    'pvc',
    'queue',
    'podTemplate',
    ...(sourceBuckets.length > 0 ? (['s3Sources'] as const) : []),
    ...(destinationBuckets.length > 0 ? (['s3Destinations'] as const) : []),
  ]);
}

/** Without the Secrets of jobs: only their workers read those. */
export function s3Access(s3: Config['s3']): S3Access {
  const { endpoint, region, forcePathStyle, sourceBuckets, destinationBuckets, endpoints } = s3;
  return { endpoint, region, forcePathStyle, sourceBuckets, destinationBuckets, endpoints, secrets: new Map() };
}

/** Rejects early what a worker would reject later. */
export function bucketCheck(s3: Config['s3']): (spec: RenderJobSpec) => void {
  const access = s3Access(s3);
  return ({ inputs, output }) => {
    for (const { s3: source } of inputs) if (source !== undefined) checkSourceBucket(access, source);
    const destination = output?.destination?.s3;
    if (destination !== undefined) checkDestinationBucket(access, destination);
  };
}
