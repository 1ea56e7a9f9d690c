import { CodedError } from '../../../errors/coded-error.ts';
import type { ErrorCode } from '../../../errors/error-table.ts';
import { type S3Problem, s3Failure } from './s3-failure.ts';

/** The bucket that a call was about; the endpoint may hold a secret. */
export interface S3Ref {
  readonly bucket: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** A failed call on a bucket as a coded error; coded errors stay as they are. `action` is a verb phrase. */
export function s3Error(action: string, error: unknown, ref: S3Ref): CodedError {
  if (error instanceof CodedError) return error;
  const { problem, label } = s3Failure(error);
  const { code = 'STORAGE_UNAVAILABLE', expected, remedy } = (explanations[problem] ?? unexplained)(ref);
  return new CodedError(code, `Expected ${expected} to ${action}, got ${label}`, {
    // The SDK's error holds the request with its signature.
    cause: new Error(label),
    ...(remedy !== undefined && { remedy }),
  });
}

interface Explanation {
  readonly code?: ErrorCode;
  /** What the call needs. */
  readonly expected: string;
  readonly remedy?: string;
}

const noAnswer = (ref: S3Ref): Explanation => ({ expected: `an answer from ${serverOf(ref)}` });
const unexplained = (ref: S3Ref): Explanation => ({ expected: `the bucket ${ref.bucket} at ${serverOf(ref)}` });

const explanations: Readonly<Partial<Record<S3Problem, (ref: S3Ref) => Explanation>>> = {
  'no-bucket': (ref) => ({
    expected: `a bucket ${ref.bucket} at ${serverOf(ref)}`,
    remedy: 'Create the bucket, or correct FRAMEWRIGHT_S3_BUCKET and FRAMEWRIGHT_S3_ENDPOINT.',
  }),
  denied: (ref) => ({
    expected: `access to the bucket ${ref.bucket} at ${serverOf(ref)}`,
    remedy:
      'Check the credentials and that their policy has s3:GetObject, PutObject, DeleteObject, ListBucket, AbortMultipartUpload and ListBucketMultipartUploads.',
  }),
  'no-credentials': () => ({
    expected: 'credentials for S3',
    remedy:
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from a Secret, or give the pod a role through its service account.',
  }),
  clock: (ref) => ({
    expected: `a clock within 15 minutes of that of ${serverOf(ref)}`,
    remedy: 'Correct the time of the node: signatures carry it.',
  }),
  'other-region': ({ bucket, region }) => ({
    expected: `the bucket ${bucket} in the region ${region ?? 'of the settings'}`,
    remedy: 'Set FRAMEWRIGHT_S3_REGION to the region of the bucket.',
  }),
  full: ({ bucket }) => ({
    code: 'STORAGE_FULL',
    expected: `room in the bucket ${bucket}`,
    remedy: 'Raise the quota of the bucket.',
  }),
  unreachable: noAnswer,
  busy: noAnswer,
};

/** Host and port only: the rest of a URL may hold a secret. */
function serverOf({ endpoint }: S3Ref): string {
  if (endpoint === undefined) return 'S3';
  return `the S3 server ${URL.parse(endpoint)?.host ?? 'of the settings'}`;
}
