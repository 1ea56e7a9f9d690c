/**
 * Every coded error of the product, in one table: HTTP status, worker exit code, whether another attempt can help, and
 * what to do about it. `docs/reference/errors.md` is generated from it.
 *
 * Worker exit codes: 0 success; 10-19 I/O that may recover; 20-29 GPU or driver; 40-49 permanent (input or request);
 * 137 and 143 belong to the system (killed, terminated).
 */
export interface ErrorDefinition {
  /** HTTP status of a reply with this error. */
  readonly status: number;
  /** The code of failures that carry nothing but this HTTP status, such as those of the HTTP framework. One per status. */
  readonly general?: true;
  /** True when the same request may succeed later: the reply carries `Retry-After`. */
  readonly retryAfter?: true;
  /** Exit code of a worker that ends with this error; absent where a worker never does. */
  readonly exit?: number;
  /** Whether another attempt can help: `no`, `yes`, or `elsewhere` for another node. */
  readonly retry: 'no' | 'yes' | 'elsewhere';
  /** True when the machine or the cluster is the cause, so the attempt is not charged to the job's retry limit. */
  readonly infrastructure?: true;
  readonly summary: string;
  readonly remedy: string;
}

const table = {
  // Requests
  UNAUTHORIZED: {
    status: 401,
    general: true,
    retry: 'no',
    summary: 'Missing or invalid credentials.',
    remedy:
      'Send a valid key as `X-API-Key: <key>` or `Authorization: Bearer <key>`; `framewright keys create` creates one.',
  },
  FORBIDDEN: {
    status: 403,
    general: true,
    retry: 'no',
    summary: 'The key does not have permission for this.',
    remedy: 'Use a key of the owner of the resource, or one with a role that allows it.',
  },
  INVALID_REQUEST: {
    status: 400,
    general: true,
    retry: 'no',
    summary:
      'A request, setting or option breaks a rule that is checked before any input is read: its form, a value, or two fields that exclude each other.',
    remedy: 'Correct the fields that the message names; `/docs` describes every field.',
  },
  NOT_FOUND: {
    status: 404,
    general: true,
    retry: 'no',
    summary: 'The job, asset or route does not exist, or this key cannot see it.',
    remedy: 'Check the id; jobs and files are removed after their retention time.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    general: true,
    retry: 'no',
    summary: 'The route does not support this method.',
    remedy: 'Use a method from the `Allow` header.',
  },
  CONFLICT: {
    status: 409,
    general: true,
    retry: 'no',
    summary: 'The resource exists already, has changed, or is in a state that does not allow this.',
    remedy: 'Read the resource again, then decide whether the request still applies.',
  },
  QUEUE_DEPTH_EXCEEDED: {
    status: 409,
    retryAfter: true,
    retry: 'yes',
    summary: 'The owner has reached the limit of unfinished jobs.',
    remedy: 'Wait for jobs to finish or cancel some, then send the request again after `Retry-After` seconds.',
  },
  FILE_TOO_LARGE: {
    status: 413,
    general: true,
    exit: 45,
    retry: 'no',
    summary: 'A file or body is larger than the limit.',
    remedy: 'Send a smaller file, or raise the limit in the configuration.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    general: true,
    retry: 'no',
    summary: 'The route does not accept the content type of the body.',
    remedy: 'Send JSON; YAML is accepted for manifests, multipart or raw bytes for uploads.',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    general: true,
    retry: 'no',
    summary: 'The requested byte range is outside the file.',
    remedy: 'Request a range within the size that `Content-Range` gives.',
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    retry: 'no',
    summary: 'The idempotency key was used before with another body.',
    remedy: 'Use a new key for a new request; send the same body again to get the first reply.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    general: true,
    retryAfter: true,
    retry: 'yes',
    summary: 'The key has reached a limit of parallel requests.',
    remedy: 'Wait for `Retry-After` seconds.',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    general: true,
    retryAfter: true,
    retry: 'yes',
    summary: 'The job store or the workers are unavailable.',
    remedy: 'Try again after `Retry-After` seconds; see `/health`.',
  },
  INTERNAL_ERROR: {
    status: 500,
    exit: 19,
    retry: 'yes',
    summary: 'An unexpected error: a defect of the product.',
    remedy: 'Report it with the log line that has the same request id or job id.',
  },
  ADDRESS_IN_USE: {
    status: 500,
    retry: 'no',
    summary: 'A server cannot start because another program listens on its address.',
    remedy: 'Stop the other program, or choose another port.',
  },

  // I/O that may recover (10-19)
  SOURCE_UNAVAILABLE: {
    status: 502,
    exit: 10,
    retry: 'yes',
    summary: 'An input could not be fetched: its server failed, was unreachable or closed the connection.',
    remedy: 'Check that the source can be reached from the worker.',
  },
  STORAGE_FULL: {
    status: 507,
    retryAfter: true,
    exit: 11,
    retry: 'yes',
    summary: 'There is not enough space for work files or outputs.',
    remedy: 'Free space under the data directory, or give the pool a larger scratch volume.',
  },
  STORAGE_UNAVAILABLE: {
    status: 503,
    retryAfter: true,
    exit: 12,
    retry: 'yes',
    summary: 'The object store could not be read or written.',
    remedy: 'Check the object store, its credentials and the permissions of its folder.',
  },
  FFMPEG_STALLED: {
    status: 500,
    exit: 13,
    retry: 'yes',
    summary: 'FFmpeg made no progress for the stall time and was stopped.',
    remedy: 'Check the load of the node; raise the stall time for inputs that take long to decode.',
  },
  FFMPEG_FAILED: {
    status: 500,
    exit: 14,
    retry: 'yes',
    summary: 'FFmpeg failed without a known cause.',
    remedy: 'Read the end of its log in the job error.',
  },
  OUTPUT_CONTRACT_FAILED: {
    status: 500,
    exit: 16,
    retry: 'yes',
    summary: 'The rendered file did not pass its checks and was not published.',
    remedy: 'The message names the check, the expected value and the measured value.',
  },
  WORKER_CRASHED: {
    status: 500,
    exit: 18,
    retry: 'yes',
    summary: 'The worker ended without a result.',
    remedy: 'Read the job log; the usual cause is a lack of memory.',
  },

  // GPU and driver (20-29)
  GPU_UNAVAILABLE: {
    status: 503,
    exit: 20,
    retry: 'elsewhere',
    summary: 'The job requires an Intel GPU and the worker found none that it can use.',
    remedy: 'Run `framewright probe` on the machine, or use `acceleration: Preferred`.',
  },
  GPU_FAILED: {
    status: 500,
    exit: 21,
    retry: 'elsewhere',
    summary: 'The GPU failed or hung during the render.',
    remedy: 'Check the kernel log of the node (`dmesg | grep -iE "i915|xe "`), then retry.',
  },
  GPU_UNSUPPORTED_PARAMETERS: {
    status: 500,
    exit: 22,
    retry: 'elsewhere',
    summary: 'The GPU does not support the codec or its parameters.',
    remedy: 'Choose another codec, size or bit depth, or use `acceleration: Preferred`.',
  },

  // The system
  NODE_LOST: {
    status: 500,
    retry: 'yes',
    infrastructure: true,
    summary: 'The worker was lost with its node or its server.',
    remedy: 'Nothing to do: the attempt is not charged and the job is queued again.',
  },
  RUN_LOST: {
    status: 500,
    retry: 'yes',
    infrastructure: true,
    summary: 'The record of the run is missing: its Kubernetes Job or its directory was deleted.',
    remedy: 'Nothing to do: the attempt is not charged and the job is queued again.',
  },
  IMAGE_UNAVAILABLE: {
    status: 503,
    retry: 'yes',
    infrastructure: true,
    summary: 'The image of the worker could not be pulled.',
    remedy: 'Check the image of the pool, its pull secret and the registry, then retry the job.',
  },
  POD_UNSCHEDULABLE: {
    status: 503,
    retry: 'yes',
    infrastructure: true,
    summary: 'No node could accept the Pod of the worker.',
    remedy: 'Compare what the pool and `podTemplate` request with what the nodes have free; other Pods count too.',
  },
  POD_NOT_STARTED: {
    status: 503,
    retry: 'yes',
    infrastructure: true,
    summary: 'The Pod of the worker was rejected or could not be started.',
    remedy: "See the message for the system's reason; correct the pool, its Secrets and volumes, or the namespace.",
  },
  INTERRUPTED: {
    status: 500,
    exit: 143,
    retry: 'yes',
    infrastructure: true,
    summary: 'The worker was stopped before it had finished.',
    remedy: 'Nothing to do: the attempt is not charged and the job is queued again.',
  },

  // Permanent (40-49)
  SPEC_INVALID: {
    status: 400,
    exit: 40,
    retry: 'no',
    summary:
      'The planner or the worker found that a valid job cannot be rendered as requested: settings that do not fit each other or the inputs.',
    remedy: 'Correct the field that the message names.',
  },
  INPUT_INVALID: {
    status: 400,
    exit: 41,
    retry: 'no',
    summary: 'An input is not a media file, is empty, or is damaged.',
    remedy: 'Check that the source plays; upload an intact file.',
  },
  INPUT_UNSUPPORTED: {
    status: 400,
    exit: 42,
    retry: 'no',
    summary: 'An input lacks a stream that the operation needs, or its codec cannot be decoded.',
    remedy: 'The message names the stream; convert the file or remove the operation.',
  },
  SOURCE_NOT_FOUND: {
    status: 400,
    exit: 43,
    retry: 'no',
    summary: 'An input does not exist or cannot be read.',
    remedy: 'Check the URL, the asset id or the path; signed URLs expire.',
  },
  SOURCE_FORBIDDEN: {
    status: 400,
    exit: 44,
    retry: 'no',
    summary:
      'A path, bucket, S3 endpoint or protocol of an input or output is not allowed. (`SOURCE_HOST_NOT_ALLOWED` is about URLs.)',
    remedy: 'Use a path under the media root, or an allowed bucket; both are settings of the installation.',
  },
  SOURCE_HOST_NOT_ALLOWED: {
    status: 400,
    exit: 49,
    retry: 'no',
    summary:
      'The URL of an input has a host, address or scheme that is not allowed. (`SOURCE_FORBIDDEN` is about paths and buckets.)',
    remedy:
      'Upload the file and use its URL, or add the host to the allowed source hosts; private addresses must be in the allowed ranges.',
  },
  DEADLINE_EXCEEDED: {
    status: 504,
    exit: 46,
    retry: 'no',
    summary: 'The attempt took longer than `timeoutSeconds`.',
    remedy: 'Raise `timeoutSeconds`, or render a shorter or smaller output.',
  },
  CAPABILITY_MISSING: {
    status: 501,
    exit: 47,
    retry: 'elsewhere',
    summary: 'FFmpeg on this machine lacks an encoder, decoder or filter that the job needs.',
    remedy: 'Install a complete FFmpeg 5.1 or later; `framewright probe` lists what is missing.',
  },
  UNSUPPORTED: {
    status: 501,
    exit: 48,
    retry: 'no',
    summary: 'This version or this installation does not support the named field, value or route.',
    remedy: 'Remove the named field, or use another value or route.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof table;

export const errorTable: Readonly<Record<ErrorCode, ErrorDefinition>> = table;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(table, code);
}

/** The general code of an HTTP status; `INVALID_REQUEST` for a status without one. */
export function codeOfStatus(status: number): ErrorCode {
  for (const [code, definition] of Object.entries(errorTable)) {
    if (definition.general && definition.status === status && isErrorCode(code)) return code;
  }
  return 'INVALID_REQUEST';
}

/** The code of a worker's exit status; `undefined` for a status outside the table. */
export function codeOfExit(exit: number): ErrorCode | undefined {
  if (exit === 137) return 'NODE_LOST';
  for (const [code, definition] of Object.entries(errorTable)) {
    if (definition.exit === exit && isErrorCode(code)) return code;
  }
  return undefined;
}
