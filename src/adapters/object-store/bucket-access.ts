import { CodedError } from '../../errors/coded-error.ts';
import type { S3Destination, S3Source } from '../../model/job/bucket-refs.ts';
import { type BucketPolicy, checkBucketLocation } from './bucket-policy.ts';
import type { S3Connection, S3Credentials } from './s3/s3-client.ts';

/** Which buckets the installation allows jobs to use, and how they are reached. */
export interface S3Access extends S3Policies {
  readonly region?: string | undefined;
  readonly forcePathStyle?: boolean | undefined;
  /** By the names of the Secrets. */
  readonly secrets: ReadonlyMap<string, S3Credentials>;
}

/** The bucket policies of inputs and of destinations; see `BucketPolicy`. */
interface S3Policies {
  /** Endpoint of the installation; that of AWS when absent. */
  readonly endpoint?: string | undefined;
  /** Endpoints that a job may name beside that of the installation. */
  readonly endpoints: readonly string[];
  readonly sourceBuckets: readonly string[];
  readonly destinationBuckets: readonly string[];
}

/** The connection to the bucket of an input. Throws `SOURCE_FORBIDDEN` where no setting allows it. */
export function sourceConnection(access: S3Access, source: S3Source): S3Connection {
  checkSourceBucket(access, source);
  return connection(access, source);
}

/** The connection to the bucket of a destination. Throws `SOURCE_FORBIDDEN` where no setting allows it. */
export function destinationConnection(access: S3Access, destination: S3Destination): S3Connection {
  checkDestinationBucket(access, destination);
  return connection(access, destination);
}

/** Throws `SOURCE_FORBIDDEN` for an input that no setting allows. */
export function checkSourceBucket(policies: S3Policies, source: S3Source): void {
  checkBucketLocation(source, policyOf(policies, 'source'));
  requireSecret(policies, source);
}

/** Throws `SOURCE_FORBIDDEN` for a destination that no setting allows. */
export function checkDestinationBucket(policies: S3Policies, { prefix, ...destination }: S3Destination): void {
  const key = prefix === undefined ? '' : `${prefix.replace(/\/+$/, '')}/`;
  checkBucketLocation({ ...destination, key }, policyOf(policies, 'destination'));
  requireSecret(policies, destination);
}

function policyOf(policies: S3Policies, role: 'source' | 'destination'): BucketPolicy {
  const { endpoint, endpoints, sourceBuckets, destinationBuckets } = policies;
  return role === 'source'
    ? { endpoint, endpoints, buckets: sourceBuckets, setting: 'FRAMEWRIGHT_S3_SOURCE_BUCKETS' }
    : { endpoint, endpoints, buckets: destinationBuckets, setting: 'FRAMEWRIGHT_S3_DESTINATION_BUCKETS' };
}

type Server = Pick<S3Source, 'endpoint' | 'region' | 'credentialsSecret'>;

/** A request carries the session token of the worker's own credentials: they go to its own server only. */
function requireSecret(policies: S3Policies, { endpoint, credentialsSecret }: Server): void {
  if (isOwn(policies, endpoint) || credentialsSecret !== undefined) return;
  throw new CodedError('SOURCE_FORBIDDEN', 'Expected a credentialsSecret beside an S3 endpoint, but it is missing', {
    remedy: 'Name a Secret with the credentials for that endpoint, or leave the endpoint out.',
  });
}

function isOwn(policies: S3Policies, endpoint: string | undefined): boolean {
  return endpoint === undefined || URL.parse(endpoint)?.origin === URL.parse(policies.endpoint ?? '')?.origin;
}

function connection(access: S3Access, { endpoint, region, credentialsSecret }: Server): S3Connection {
  const own = isOwn(access, endpoint);
  return {
    endpoint: endpoint ?? access.endpoint,
    region: region ?? (own ? access.region : undefined),
    // Servers other than AWS take buckets in the path, and few take them in the host.
    forcePathStyle: own ? access.forcePathStyle : true,
    credentials: credentialsSecret === undefined ? undefined : credentialsOf(access, credentialsSecret),
  };
}

function credentialsOf({ secrets }: S3Access, name: string): S3Credentials {
  const found = secrets.get(name);
  if (found !== undefined) return found;
  throw new CodedError(
    'SPEC_INVALID',
    `Expected the keys accessKeyId and secretAccessKey in the Secret ${name}, but it has no such keys`,
  );
}
