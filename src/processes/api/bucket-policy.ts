import { checkDestinationBucket, checkSourceBucket, type S3Access } from '../../adapters/object-store/bucket-access.ts';
import type { Feature } from '../../api/jobs/features.ts';
import type { Config } from '../../config/load-config.ts';
import type { RenderJobSpec } from '../../model/job/render-job.ts';

// What an API in a cluster offers beside what one machine does, and which buckets its jobs may name.

export function clusterFeatures({ s3SourceBuckets, s3DestinationBuckets }: Config): ReadonlySet<Feature> {
  return new Set<Feature>([
    'pvc',
    'queue',
    'podTemplate',
    ...(s3SourceBuckets.length > 0 ? (['s3Sources'] as const) : []),
    ...(s3DestinationBuckets.length > 0 ? (['s3Destinations'] as const) : []),
  ]);
}

/** Without the Secrets of jobs: those are for their workers alone. */
export function s3Access(config: Config): S3Access {
  return {
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    forcePathStyle: config.s3ForcePathStyle,
    sourceBuckets: config.s3SourceBuckets,
    destinationBuckets: config.s3DestinationBuckets,
    endpoints: config.s3Endpoints,
    secrets: new Map(),
  };
}

/** Refuses early what a worker would refuse later. */
export function bucketCheck(config: Config): (spec: RenderJobSpec) => void {
  const access = s3Access(config);
  return ({ inputs, output }) => {
    for (const { s3 } of inputs) if (s3 !== undefined) checkSourceBucket(access, s3);
    const destination = output?.destination?.s3;
    if (destination !== undefined) checkDestinationBucket(access, destination);
  };
}
