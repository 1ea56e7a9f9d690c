import { CodedError } from '../../errors/coded-error.ts';

/** Which buckets jobs may name, and on which servers. */
export interface BucketPolicy {
  /** `bucket`, `bucket/beginning-of-keys`, or `*` for every bucket that the credentials give access to. */
  readonly buckets: readonly string[];
  /** Endpoint of the installation, which is used where a job names none; that of AWS when absent. */
  readonly endpoint?: string | undefined;
  /** Other endpoints that a job may name. */
  readonly endpoints: readonly string[];
  /** Name of the setting that holds `buckets`, for the remedy. */
  readonly setting: string;
}

/** Where an s3 input or destination is. */
export interface BucketLocation {
  readonly bucket: string;
  /** Key, or beginning of keys. */
  readonly key: string;
  readonly endpoint?: string | undefined;
}

/** Throws `SOURCE_FORBIDDEN` for a location that the policy does not allow. */
export function checkBucketLocation(location: BucketLocation, policy: BucketPolicy): void {
  const { bucket, key, endpoint } = location;
  if (endpoint !== undefined && !isAllowedEndpoint(endpoint, policy)) {
    throw new CodedError('SOURCE_FORBIDDEN', `Expected an allowed S3 endpoint, got ${hostOf(endpoint)}`, {
      remedy: 'Leave the endpoint out, or have it added to FRAMEWRIGHT_S3_ENDPOINTS.',
    });
  }
  // A server or a proxy that resolves such parts would leave the bucket.
  if (key.split('/').some((part) => part === '.' || part === '..') || /\p{Cc}/u.test(key)) {
    throw new CodedError('SOURCE_FORBIDDEN', 'Expected a key without the parts . and .. and control characters');
  }
  if (policy.buckets.some((allowed) => includes(allowed, location))) return;
  throw new CodedError('SOURCE_FORBIDDEN', `Expected one of the allowed buckets, got ${bucket}`, {
    remedy: `Have the bucket added to ${policy.setting}.`,
  });
}

/** A signed request carries a session token: it goes only to servers that the settings name. */
function isAllowedEndpoint(endpoint: string, policy: BucketPolicy): boolean {
  const origins = [policy.endpoint ?? aws, ...policy.endpoints].map(originOf);
  return origins.includes(originOf(endpoint));
}

function includes(allowed: string, { bucket, key }: BucketLocation): boolean {
  const [name = '', ...prefix] = allowed.split('/');
  return name === '*' || (name === bucket && key.startsWith(prefix.join('/')));
}

const aws = 'https://s3.amazonaws.com';

function originOf(endpoint: string): string {
  return URL.parse(endpoint)?.origin ?? '';
}

/** Host and port only: the rest of a URL may hold a secret. */
function hostOf(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? 'a text that is no URL';
}
