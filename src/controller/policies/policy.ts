/** Numbers that the controller decides by; a job's own spec overrides them where it has a value. */
export interface Policy {
  /** Longest time of one attempt, in seconds. */
  readonly timeoutSeconds: number;
  /** The worker enforces the timeout itself; the controller stops the stage this much later, in seconds. */
  readonly timeoutSlackSeconds: number;
  /** The worker ends an encoder without progress for this long, in seconds. */
  readonly stallSeconds: number;
  /** Time between SIGTERM and SIGKILL of a stage, in milliseconds. */
  readonly graceMs: number;
  readonly ttlSecondsAfterFinished: number;
  readonly retryLimit: number;
  readonly backoffSeconds: number;
  readonly maxBackoffSeconds: number;
  /** Attempts lost to the machine that a job survives: a job that crashes its nodes must fail some day. */
  readonly maxDisruptions: number;
  /**
   * Least time between two status writes that carry only progress, in milliseconds. Progress is throttled before at two
   * points: src/worker/report-progress.ts and src/adapters/nats/outbox.ts.
   */
  readonly statusProgressIntervalMs: number;
  /** Whether another attempt can run on another node; where it cannot, errors of kind `elsewhere` are final. */
  readonly otherNodes: boolean;
  /** The priority of a queued job rises by one point for each of these, in seconds. */
  readonly agingSeconds: number;
  /** Stages per pool that are started beyond its slots, so that a freed slot is not idle. */
  readonly lookAhead: number;
  /**
   * How long a start may fail (pod rejected, image not pulled, container not created) before its attempt ends, in
   * seconds.
   */
  readonly cannotStartSeconds: number;
  /** How long a start without a reported fault may take, in seconds: a large image takes a while to pull. */
  readonly startSeconds: number;
  /** How long a pod may wait for a node before its job is queued again, in seconds. */
  readonly unschedulableSeconds: number;
  /** Attempts that may end without having started; the job fails with the next one. */
  readonly maxStartFailures: number;
  /** A pod that was due to end this long ago is lost with its node, in seconds. */
  readonly nodeSilenceSeconds: number;
  /** How long the clean-up of a removed job is tried before its record is removed without it, in seconds. */
  readonly cleanUpSeconds: number;
  /** Whether jobs with `spec.queue` are handed to Kueue. */
  readonly kueue: boolean;
}

export const defaultPolicy: Policy = {
  timeoutSeconds: 6 * 3600,
  timeoutSlackSeconds: 30,
  stallSeconds: 120,
  graceMs: 8000,
  ttlSecondsAfterFinished: 7 * 24 * 3600,
  retryLimit: 3,
  backoffSeconds: 10,
  maxBackoffSeconds: 600,
  maxDisruptions: 100,
  statusProgressIntervalMs: 10_000,
  otherNodes: false,
  agingSeconds: 60,
  lookAhead: 0,
  cannotStartSeconds: 300,
  startSeconds: 1800,
  unschedulableSeconds: 21_600,
  maxStartFailures: 1,
  nodeSilenceSeconds: 120,
  cleanUpSeconds: 3600,
  kueue: false,
};
