import { CodedError } from '../errors.ts';
import type { S3Destination, S3Source } from '../model/storage-places.ts';
import { createBucketGuard } from '../storage/bucket-guard.ts';
import type { S3Connection, S3Credentials } from '../storage/s3-client.ts';

/** What the installation allows of S3 to jobs, and how its own server is reached. */
export interface S3Access {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly forcePathStyle?: boolean | undefined;
  /** Buckets that inputs may come from: `bucket`, `bucket/prefix` or `*`. */
  readonly sourceBuckets: readonly string[];
  readonly destinationBuckets: readonly string[];
  /** Endpoints that a job may name beside that of the installation. */
  readonly endpoints: readonly string[];
  /** By the names of the Secrets. */
  readonly secrets: ReadonlyMap<string, S3Credentials>;
}

/** How the object of an input is reached. Throws `SOURCE_FORBIDDEN` where no setting allows it. */
export function sourceConnection(access: S3Access, source: S3Source): S3Connection {
  const { endpoint, endpoints, sourceBuckets: buckets } = access;
  createBucketGuard({ buckets, endpoint, endpoints }, 'FRAMEWRIGHT_S3_SOURCE_BUCKETS').check(source);
  return connection(access, source);
}

/** The same for where outputs go: `prefix` with a slash at its end, or nothing. */
export function destinationConnection(access: S3Access, { prefix, ...place }: S3Destination): S3Connection {
  const { endpoint, endpoints, destinationBuckets: buckets } = access;
  const guard = createBucketGuard({ buckets, endpoint, endpoints }, 'FRAMEWRIGHT_S3_DESTINATION_BUCKETS');
  guard.check({ ...place, key: prefix === undefined ? '' : `${prefix.replace(/\/+$/, '')}/` });
  return connection(access, place);
}

function connection(
  access: S3Access,
  { endpoint, region, credentialsSecret }: Pick<S3Source, 'endpoint' | 'region' | 'credentialsSecret'>,
): S3Connection {
  const own = endpoint === undefined || URL.parse(endpoint)?.origin === URL.parse(access.endpoint ?? '')?.origin;
  const credentials = credentialsSecret === undefined ? undefined : secretOf(access, credentialsSecret);
  // A request carries the session token of the worker's own credentials: it goes to its own server only.
  if (!own && credentials === undefined) {
    throw new CodedError('SOURCE_FORBIDDEN', 'Expected a credentialsSecret beside an S3 endpoint, got none');
  }
  return {
    endpoint: endpoint ?? access.endpoint,
    region: region ?? (own ? access.region : undefined),
    // Servers other than AWS take buckets in the path, and few take them in the host.
    forcePathStyle: own ? access.forcePathStyle : true,
    credentials,
  };
}

function secretOf({ secrets }: S3Access, name: string): S3Credentials {
  const found = secrets.get(name);
  if (found !== undefined) return found;
  throw new CodedError(
    'SPEC_INVALID',
    `Expected the keys accessKeyId and secretAccessKey of the Secret ${name}, got none`,
  );
}
