import { CodedError } from '../../errors/coded-error.ts';

/** Which buckets jobs may name, and at which servers. */
export interface BucketPolicy {
  /** `bucket`, `bucket/beginning-of-keys`, or `*` for every bucket that the credentials open. */
  readonly buckets: readonly string[];
  /** Endpoint of the installation; that of AWS when absent. It is meant where a job names none. */
  readonly endpoint?: string | undefined;
  /** Other endpoints that a job may name. */
  readonly endpoints: readonly string[];
}

/** What of an s3 input or destination says where it lies. */
export interface BucketRef {
  readonly bucket: string;
  /** Key, or beginning of keys. */
  readonly key: string;
  readonly endpoint?: string | undefined;
}

export interface BucketGuard {
  /** Throws `SOURCE_FORBIDDEN` for a place that no setting allows. */
  check(place: BucketRef): void;
}

/** A signed request carries a session token: it goes to no server that the settings do not name. */
export function createBucketGuard({ buckets, endpoint, endpoints }: BucketPolicy, setting: string): BucketGuard {
  const servers = new Set([endpoint ?? aws, ...endpoints].map(originOf));
  const allowed = buckets.map((text) => {
    const [bucket = '', ...rest] = text.split('/');
    return { bucket, prefix: rest.join('/') };
  });
  return {
    check({ bucket, key, endpoint: named }) {
      if (named !== undefined && !servers.has(originOf(named))) {
        throw new CodedError('SOURCE_FORBIDDEN', `Expected an allowed S3 endpoint, got ${hostOf(named)}`, {
          remedy: 'Leave the endpoint out, or have it added to FRAMEWRIGHT_S3_ENDPOINTS.',
        });
      }
      // A server or a proxy that resolves such parts would leave the bucket.
      if (key.split('/').some((part) => part === '.' || part === '..') || /\p{Cc}/u.test(key)) {
        throw new CodedError('SOURCE_FORBIDDEN', 'Expected a key without the parts . and .. and control characters');
      }
      if (allowed.some((one) => one.bucket === '*' || (one.bucket === bucket && key.startsWith(one.prefix)))) return;
      throw new CodedError('SOURCE_FORBIDDEN', `Expected a bucket of the allowed ones, got ${bucket}`, {
        remedy: `Have the bucket added to ${setting}.`,
      });
    },
  };
}

const aws = 'https://s3.amazonaws.com';

function originOf(endpoint: string): string {
  return URL.parse(endpoint)?.origin ?? '';
}

/** Host and port: the rest of a URL may hold a secret. */
function hostOf(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? 'a text that is no URL';
}
