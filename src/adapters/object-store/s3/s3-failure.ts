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
  | 'other-region'
  | 'full'
  | 'busy'
  | 'unreachable'
  | 'unknown';

/** What a failed call on S3 means. */
export interface S3Failure {
  readonly problem: S3Problem;
  /** Name or status of the failure. Never the server's own words: they may quote what was signed. */
  readonly label: string;
}

/** Names that servers and the SDK give to failures. */
const names: readonly (readonly [S3Problem, readonly string[]])[] = [
  ['no-object', ['NoSuchKey', 'NotFound', 'KeyTooLongError']],
  ['no-bucket', ['NoSuchBucket', 'InvalidBucketName']],
  ['no-upload', ['NoSuchUpload']],
  ['bad-range', ['InvalidRange']],
  ['taken', ['ConditionalRequestConflict']],
  ['not-supported', ['NotImplemented']],
  ['denied', ['AccessDenied', 'Forbidden', 'AllAccessDisabled', 'AccountProblem', 'InvalidAccessKeyId']],
  ['denied', ['SignatureDoesNotMatch', 'XAdminUserNotFound', 'InvalidToken', 'ExpiredToken']],
  ['no-credentials', ['CredentialsProviderError', 'TokenProviderError']],
  ['clock', ['RequestTimeTooSkewed']],
  ['other-region', ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException']],
  ['full', ['QuotaExceeded', 'QuotaExceededException', 'InsufficientStorage', 'XMinioStorageFull']],
  ['busy', ['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout']],
  ['unreachable', ['TimeoutError', 'AbortError']],
];

const problemOfName: ReadonlyMap<string, S3Problem> = new Map(
  names.flatMap(([problem, ofProblem]) => ofProblem.map((name) => [name, problem] as const)),
);

const problemOfStatus: ReadonlyMap<number, S3Problem> = new Map([
  [301, 'other-region'],
  [401, 'denied'],
  [403, 'denied'],
  [404, 'no-object'],
  [409, 'taken'],
  [416, 'bad-range'],
  [429, 'busy'],
  [501, 'not-supported'],
  [507, 'full'],
]);

/** What a failed call means, by the name that the server or the SDK gives it, else by its status. */
export function s3Failure(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { problem: 'unknown', label: unexpected };
  const status = statusOf(error);
  if (status === 412) return { problem: 'changed', label: 'PreconditionFailed' };
  const known = problemOfName.get(error.name);
  if (known !== undefined) return { problem: known, label: error.name };
  // The SDK gives this one no name.
  if (error.message === 'Region is missing') return { problem: 'other-region', label: 'no region' };
  const code = networkCodeOf(error);
  if (code !== undefined) return { problem: 'unreachable', label: code };
  return status === undefined ? { problem: 'unknown', label: plainName(error.name) } : byStatus(error.name, status);
}

/** Without a body, as to HEAD, there is only the status; with one that names the failure, a 404 may be about anything. */
function byStatus(name: string, status: number): S3Failure {
  const named = !/^(|\d+|Unknown|UnknownError|Error)$/.test(name);
  const known = !named || status >= 500 || status === 403 ? problemOfStatus.get(status) : undefined;
  return {
    problem: known ?? (status >= 500 ? 'busy' : 'unknown'),
    label: named ? plainName(name) : `HTTP status ${status}`,
  };
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** The code of a system call, of TLS or of the HTTP client. */
function networkCodeOf(error: Error): string | undefined {
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  return /^(E[A-Z_]+|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|[A-Z_]*CERT[A-Z_]*)$/.test(error.code) ? error.code : undefined;
}

const unexpected = 'an unexpected error';

/** A name that cannot hold a secret. */
function plainName(name: string): string {
  return /^[A-Za-z][A-Za-z0-9.]{0,60}$/.test(name) ? name : unexpected;
}
