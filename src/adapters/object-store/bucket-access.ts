import { CodedError } from '../../errors/coded-error.ts';
import type { S3Destination, S3Source } from '../../model/job/bucket-refs.ts';
import { createBucketGuard } from './bucket-guard.ts';
import type { S3Connection, S3Credentials } from './s3/s3-client.ts';

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
  checkSourceBucket(access, source);
  return connection(access, source);
}

/** The same for where outputs go. */
export function destinationConnection(access: S3Access, destination: S3Destination): S3Connection {
  checkDestinationBucket(access, destination);
  return connection(access, destination);
}

type Places = Omit<S3Access, 'secrets'>;

/** Throws `SOURCE_FORBIDDEN` for an input that no setting allows. */
export function checkSourceBucket(access: Places, source: S3Source): void {
  const { endpoint, endpoints, sourceBuckets: buckets } = access;
  createBucketGuard({ buckets, endpoint, endpoints }, 'FRAMEWRIGHT_S3_SOURCE_BUCKETS').check(source);
  requireSecret(access, source);
}

/** Throws `SOURCE_FORBIDDEN` for a destination that no setting allows. */
export function checkDestinationBucket(access: Places, { prefix, ...place }: S3Destination): void {
  const { endpoint, endpoints, destinationBuckets: buckets } = access;
  const guard = createBucketGuard({ buckets, endpoint, endpoints }, 'FRAMEWRIGHT_S3_DESTINATION_BUCKETS');
  guard.check({ ...place, key: prefix === undefined ? '' : `${prefix.replace(/\/+$/, '')}/` });
  requireSecret(access, place);
}

type Server = Pick<S3Source, 'endpoint' | 'region' | 'credentialsSecret'>;

/** A request carries the session token of the worker's own credentials: they go to its own server only. */
function requireSecret(access: Places, { endpoint, credentialsSecret }: Server): void {
  if (isOwn(access, endpoint) || credentialsSecret !== undefined) return;
  throw new CodedError('SOURCE_FORBIDDEN', 'Expected a credentialsSecret beside an S3 endpoint, got none');
}

function isOwn(access: Places, endpoint: string | undefined): boolean {
  return endpoint === undefined || URL.parse(endpoint)?.origin === URL.parse(access.endpoint ?? '')?.origin;
}

function connection(access: S3Access, { endpoint, region, credentialsSecret }: Server): S3Connection {
  const own = isOwn(access, endpoint);
  return {
    endpoint: endpoint ?? access.endpoint,
    region: region ?? (own ? access.region : undefined),
    // Servers other than AWS take buckets in the path, and few take them in the host.
    forcePathStyle: own ? access.forcePathStyle : true,
    credentials: credentialsSecret === undefined ? undefined : secretOf(access, credentialsSecret),
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
