/** Label and annotation keys, in one place. */
export const labels = {
  job: 'framewright.dev/job',
  uid: 'framewright.dev/uid',
  attempt: 'framewright.dev/attempt',
  stage: 'framewright.dev/stage',
  owner: 'framewright.dev/owner',
  type: 'framewright.dev/type',
} as const;

export const annotations = {
  /** Name of the job that this one repeats. */
  retryOf: 'framewright.dev/retry-of',
  /** SHA-256 of the body that was sent with an idempotency key. */
  requestDigest: 'framewright.dev/request-digest',
  /** The published API shape through which the job was made: edit, native, jobs, queue or style. */
  shape: 'framewright.dev/shape',
  /** `true` on a job that is being removed: drop its record at once and leave its files. */
  skipCleanUp: 'framewright.dev/skip-clean-up',
} as const;

/** The value of `spec.managedBy` that is ours; the same as none. */
export const manager = 'framewright.dev/operator';
