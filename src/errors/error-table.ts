/**
 * Every coded error of the product, in one table: HTTP status, worker exit code, whether another attempt can help, and
 * what a person can do. `docs/reference/errors.md` is generated from it.
 *
 * Worker exit codes: 0 success; 10-19 I/O that may heal; 20-29 GPU or driver; 40-49 permanent (input or request);
 * 137 and 143 belong to the system (killed, terminated).
 */
export interface ErrorDefinition {
  /** HTTP status when the error is answered to a client. */
  readonly status: number;
  /** Exit code of a worker that ends with this error; absent where a worker never does. */
  readonly exit?: number;
  /** How another attempt relates to this error: `no` never helps, `yes` may, `elsewhere` may on another node. */
  readonly retry: 'no' | 'yes' | 'elsewhere';
  /** True when the cause is the machine's or the cluster's, so the attempt is not charged to the job's retry limit. */
  readonly infrastructure?: true;
  readonly summary: string;
  readonly remedy: string;
}

const table = {
  // Requests
  UNAUTHORIZED: {
    status: 401,
    retry: 'no',
    summary: 'Missing or invalid credentials.',
    remedy:
      'Send a valid key as `X-API-Key: <key>` or `Authorization: Bearer <key>`; `framewright keys create` makes one.',
  },
  FORBIDDEN: {
    status: 403,
    retry: 'no',
    summary: 'The key may not do this.',
    remedy: 'Use a key of the owner of the resource, or one with a wider role.',
  },
  INVALID_REQUEST: {
    status: 400,
    retry: 'no',
    summary: 'The request is malformed or a field has an invalid value.',
    remedy: 'Correct the fields that the message names; `/docs` shows every field.',
  },
  NOT_FOUND: {
    status: 404,
    retry: 'no',
    summary: 'No such job, asset or route for this key.',
    remedy: 'Check the id; jobs and files are removed after their retention time.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retry: 'no',
    summary: 'The route exists, the method does not.',
    remedy: 'Use a method from the `Allow` header.',
  },
  CONFLICT: {
    status: 409,
    retry: 'no',
    summary: 'The resource is not in a state that allows this.',
    remedy: 'Read the resource again and decide anew.',
  },
  QUEUE_DEPTH_EXCEEDED: {
    status: 409,
    retry: 'yes',
    summary: 'The owner has as many unfinished jobs as allowed.',
    remedy: 'Wait for jobs to finish or cancel some, then send the request again after `Retry-After` seconds.',
  },
  FILE_TOO_LARGE: {
    status: 413,
    exit: 45,
    retry: 'no',
    summary: 'A file or body is larger than allowed.',
    remedy: 'Send a smaller file, or raise the limit in the configuration.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retry: 'no',
    summary: 'The content type of the body is not understood here.',
    remedy: 'Send JSON (or YAML where a manifest is taken, or multipart or raw bytes for an upload).',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    retry: 'no',
    summary: 'The requested byte range lies outside the file.',
    remedy: 'Ask for a range within the size given in `Content-Range`.',
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    retry: 'no',
    summary: 'The idempotency key was used before with another body.',
    remedy: 'Use a new key for a new request; repeat the same body to get the first answer.',
  },
  CDN_URL_NOT_ALLOWED: {
    status: 400,
    retry: 'no',
    summary: 'The source does not come from an allowed place.',
    remedy: 'Upload the file first and use its URL, or have its host added to the allowed source hosts.',
  },
  BLOCK_NOT_FOUND: {
    status: 400,
    retry: 'no',
    summary: 'A block named in the request does not exist in the template.',
    remedy: 'Use the block ids that the template lists.',
  },
  REQUIRED_BLOCK_MISSING: {
    status: 400,
    retry: 'no',
    summary: 'A required block was not filled.',
    remedy: 'Fill every block that the template marks as required.',
  },
  BLOCK_TYPE_MISMATCH: {
    status: 400,
    retry: 'no',
    summary: 'A fill does not match the type of its block.',
    remedy: 'Fill the block with the type that the template gives it.',
  },
  TRANSCRIBE_SOURCE_MISSING: {
    status: 400,
    retry: 'no',
    summary: 'The block named by `transcribe_from` is not filled.',
    remedy: 'Fill that block, or give the text yourself.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    retry: 'yes',
    summary: 'Too many requests.',
    remedy: 'Wait for `Retry-After` seconds.',
  },
  NOT_IMPLEMENTED: {
    status: 501,
    retry: 'no',
    summary: 'This installation does not offer the feature.',
    remedy: 'Leave the named field or route out.',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    retry: 'yes',
    summary: 'The job store or the workers are not available.',
    remedy: 'Try again after `Retry-After` seconds; see `/health`.',
  },
  RENDER_FAILED: {
    status: 500,
    retry: 'no',
    summary: 'The render failed.',
    remedy: 'See the error and the log of the job.',
  },
  INTERNAL_ERROR: {
    status: 500,
    exit: 19,
    retry: 'yes',
    summary: 'An unexpected error: a defect of the product.',
    remedy: 'Report it with the log line that carries the same request or job id.',
  },

  // I/O that may heal (10-19)
  SOURCE_UNAVAILABLE: {
    status: 502,
    exit: 10,
    retry: 'yes',
    summary: 'An input could not be fetched: its server failed, was unreachable or broke off.',
    remedy: 'Check that the source answers from where the worker runs.',
  },
  STORAGE_FULL: {
    status: 507,
    exit: 11,
    retry: 'yes',
    summary: 'There is no room left for work files or outputs.',
    remedy: 'Free space under the data directory, or give the pool a larger scratch volume.',
  },
  STORAGE_UNAVAILABLE: {
    status: 503,
    exit: 12,
    retry: 'yes',
    summary: 'The place for outputs could not be read or written.',
    remedy: 'Check the object store, its credentials and the permissions of its folder.',
  },
  FFMPEG_STALLED: {
    status: 500,
    exit: 13,
    retry: 'yes',
    summary: 'FFmpeg stopped making progress and was ended.',
    remedy: 'Check the load of the node; raise the stall time for inputs that are slow by nature.',
  },
  FFMPEG_FAILED: {
    status: 500,
    exit: 14,
    retry: 'yes',
    summary: 'FFmpeg ended in a way that names no cause.',
    remedy: 'Read the end of its log in the job error.',
  },
  OUTPUT_CONTRACT_FAILED: {
    status: 500,
    exit: 16,
    retry: 'yes',
    summary: 'The rendered file did not pass its checks and was not published.',
    remedy: 'The message names the check, the expected and the measured value.',
  },
  WORKER_CRASHED: {
    status: 500,
    exit: 18,
    retry: 'yes',
    summary: 'The worker ended without a result.',
    remedy: 'Read the job log; out of memory is the usual cause.',
  },

  // GPU and driver (20-29)
  GPU_UNAVAILABLE: {
    status: 503,
    exit: 20,
    retry: 'elsewhere',
    summary: 'The job requires an Intel GPU and none can be used here.',
    remedy: 'Run `framewright probe` on the machine, or use `acceleration: Preferred`.',
  },
  GPU_FAILED: {
    status: 500,
    exit: 21,
    retry: 'elsewhere',
    summary: 'The GPU failed or hung in mid-stream.',
    remedy: 'Check the kernel log of the node (`dmesg | grep -iE "i915|xe "`), then retry.',
  },
  GPU_UNSUPPORTED_PARAMETERS: {
    status: 500,
    exit: 22,
    retry: 'elsewhere',
    summary: 'The GPU refused the codec or its parameters.',
    remedy: 'Choose another codec, size or bit depth, or use `acceleration: Preferred`.',
  },

  // The system
  NODE_LOST: {
    status: 500,
    retry: 'yes',
    infrastructure: true,
    summary: 'The worker was lost with its node or its server.',
    remedy: 'None needed: the attempt is not charged and the job is queued again.',
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
    summary: 'No node had a place for the pod of the worker.',
    remedy: 'Compare what the pool and `podTemplate` ask for with what the nodes have free; pods of others count too.',
  },
  POD_NOT_STARTED: {
    status: 503,
    retry: 'yes',
    infrastructure: true,
    summary: 'The pod of the worker was refused or could not be started.',
    remedy: 'The message has the words of the system: correct the pool, its Secrets and volumes, or the namespace.',
  },
  INTERRUPTED: {
    status: 500,
    exit: 143,
    retry: 'yes',
    infrastructure: true,
    summary: 'The worker was asked to end before it was done.',
    remedy: 'None needed: the attempt is not charged and the job is queued again.',
  },

  // Permanent (40-49)
  SPEC_INVALID: {
    status: 400,
    exit: 40,
    retry: 'no',
    summary: 'The job asks for something that contradicts itself or its inputs.',
    remedy: 'Correct the field that the message names.',
  },
  INPUT_INVALID: {
    status: 400,
    exit: 41,
    retry: 'no',
    summary: 'An input is not a media file, is empty, or is damaged.',
    remedy: 'Play the file from its source; upload an intact one.',
  },
  INPUT_UNSUPPORTED: {
    status: 400,
    exit: 42,
    retry: 'no',
    summary: 'An input lacks what the operation needs, or its codec cannot be decoded here.',
    remedy: 'The message names the stream; convert the file or leave the operation out.',
  },
  SOURCE_NOT_FOUND: {
    status: 400,
    exit: 43,
    retry: 'no',
    summary: 'An input does not exist or may not be read.',
    remedy: 'Check the URL, the asset id or the path; signed URLs expire.',
  },
  SOURCE_FORBIDDEN: {
    status: 400,
    exit: 44,
    retry: 'no',
    summary: 'An input lies at an address or path that may not be fetched.',
    remedy: 'Use a public address or a path under the media root; private ranges must be allowed in the configuration.',
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
    summary: 'The FFmpeg on this machine lacks an encoder, decoder or filter that the job needs.',
    remedy: 'Install a complete FFmpeg 5.1 or later; `framewright probe` lists what is missing.',
  },
  UNSUPPORTED: {
    status: 501,
    exit: 48,
    retry: 'no',
    summary: 'This version does not produce what the job asks for.',
    remedy: 'Leave the named field out.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof table;

export const errorTable: Readonly<Record<ErrorCode, ErrorDefinition>> = table;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(table, code);
}

/** The code a worker's exit status stands for; `undefined` for a status outside the table. */
export function codeOfExit(exit: number): ErrorCode | undefined {
  if (exit === 137) return 'NODE_LOST';
  for (const [code, definition] of Object.entries(errorTable)) {
    if (definition.exit === exit && isErrorCode(code)) return code;
  }
  return undefined;
}
