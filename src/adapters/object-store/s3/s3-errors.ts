import { CodedError } from '../../../errors/coded-error.ts';
import type { ErrorCode } from '../../../errors/error-table.ts';

/** Where a call went, as it may be told. */
export interface S3Ref {
  readonly bucket: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

export type S3Problem =
  | 'no-object'
  | 'no-bucket'
  | 'no-upload'
  | 'bad-range'
  | 'taken'
  | 'changed'
  | 'not-supported'
  | 'denied'
  | 'no-credentials'
  | 'clock'
  | 'elsewhere'
  | 'full'
  | 'busy'
  | 'unreachable'
  | 'unknown';

export interface S3Failure {
  readonly problem: S3Problem;
  /** Name or status of the failure. Never the server's own words: they may quote what was signed. */
  readonly told: string;
}

const byName: Readonly<Record<string, S3Problem>> = {
  NoSuchKey: 'no-object',
  NotFound: 'no-object',
  KeyTooLongError: 'no-object',
  NoSuchBucket: 'no-bucket',
  InvalidBucketName: 'no-bucket',
  NoSuchUpload: 'no-upload',
  InvalidRange: 'bad-range',
  ConditionalRequestConflict: 'taken',
  NotImplemented: 'not-supported',
  AccessDenied: 'denied',
  Forbidden: 'denied',
  AllAccessDisabled: 'denied',
  AccountProblem: 'denied',
  InvalidAccessKeyId: 'denied',
  SignatureDoesNotMatch: 'denied',
  XAdminUserNotFound: 'denied',
  InvalidToken: 'denied',
  ExpiredToken: 'denied',
  CredentialsProviderError: 'no-credentials',
  TokenProviderError: 'no-credentials',
  RequestTimeTooSkewed: 'clock',
  PermanentRedirect: 'elsewhere',
  AuthorizationHeaderMalformed: 'elsewhere',
  IllegalLocationConstraintException: 'elsewhere',
  QuotaExceeded: 'full',
  QuotaExceededException: 'full',
  InsufficientStorage: 'full',
  XMinioStorageFull: 'full',
  SlowDown: 'busy',
  ServiceUnavailable: 'busy',
  InternalError: 'busy',
  RequestTimeout: 'busy',
  TimeoutError: 'unreachable',
  AbortError: 'unreachable',
};

const byStatus: Readonly<Record<number, S3Problem>> = {
  301: 'elsewhere',
  401: 'denied',
  403: 'denied',
  404: 'no-object',
  409: 'taken',
  416: 'bad-range',
  429: 'busy',
  501: 'not-supported',
  507: 'full',
};

/** What a failed call means, by the name that the server or the SDK gives it, else by its status. */
export function s3Failure(error: unknown): S3Failure {
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  const known = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (status === 412) return { problem: 'changed', told: 'PreconditionFailed' };
  if (known !== undefined) return { problem: known, told: name };
  // The SDK gives this one no name.
  if (error instanceof Error && error.message === 'Region is missing')
    return { problem: 'elsewhere', told: 'no region' };
  const code = systemCodeOf(error);
  if (code !== undefined) return { problem: 'unreachable', told: code };
  if (status === undefined) return { problem: 'unknown', told: plainName(name) };
  // Without a body, as to HEAD, there is only the status; with one, a 404 may be about anything.
  const named = !/^(|\d+|Unknown|UnknownError|Error)$/.test(name);
  const problem = named && status < 500 && status !== 403 ? undefined : byStatus[status];
  return {
    problem: problem ?? (status >= 500 ? 'busy' : 'unknown'),
    told: named ? plainName(name) : `HTTP status ${status}`,
  };
}

/** A failed call on the object store as a coded error. Coded errors stay as they are. */
export function s3Error(doing: string, error: unknown, place: S3Ref): CodedError {
  if (error instanceof CodedError) return error;
  const { problem, told } = s3Failure(error);
  const { code = 'STORAGE_UNAVAILABLE', expected, remedy } = explain(problem, place);
  return new CodedError(code, `Expected ${expected} to ${doing}, got ${told}`, {
    // The SDK's error holds the request with its signature.
    cause: new Error(told),
    ...(remedy !== undefined && { remedy }),
  });
}

interface Explanation {
  readonly code?: ErrorCode;
  readonly expected: string;
  readonly remedy?: string;
}

function explain(problem: S3Problem, { bucket, endpoint, region }: S3Ref): Explanation {
  const server = endpoint === undefined ? 'S3' : `the S3 server ${hostOf(endpoint)}`;
  switch (problem) {
    case 'no-bucket':
      return {
        expected: `a bucket ${bucket} at ${server}`,
        remedy: 'Create the bucket, or correct FRAMEWRIGHT_S3_BUCKET and FRAMEWRIGHT_S3_ENDPOINT.',
      };
    case 'denied':
      return {
        expected: `access to the bucket ${bucket} at ${server}`,
        remedy:
          'Check the credentials and that their policy has s3:GetObject, PutObject, DeleteObject, ListBucket, AbortMultipartUpload and ListBucketMultipartUploads.',
      };
    case 'no-credentials':
      return {
        expected: 'credentials for S3',
        remedy:
          'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from a Secret, or give the pod a role through its service account.',
      };
    case 'clock':
      return {
        expected: `a clock within 15 minutes of that of ${server}`,
        remedy: 'Correct the time of the node: signatures carry it.',
      };
    case 'elsewhere':
      return {
        expected: `the bucket ${bucket} in the region ${region ?? 'of the settings'}`,
        remedy: 'Set FRAMEWRIGHT_S3_REGION to the region of the bucket.',
      };
    case 'full':
      return {
        code: 'STORAGE_FULL',
        expected: `room in the bucket ${bucket}`,
        remedy: 'Raise the quota of the bucket.',
      };
    case 'unreachable':
    case 'busy':
      return { expected: `an answer from ${server}` };
    default:
      return { expected: `the bucket ${bucket} at ${server}` };
  }
}

/** Host and port: the rest of a URL may hold a secret. */
function hostOf(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? 'of the settings';
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^(E[A-Z_]+|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|[A-Z_]*CERT[A-Z_]*)$/.test(error.code) ? error.code : undefined;
}

function plainName(name: string): string {
  return /^[A-Za-z][A-Za-z0-9.]{0,60}$/.test(name) ? name : 'an unexpected error';
}
