/** Numbers that the brain decides by; a job's own spec goes before them where it says something. */
export interface Policy {
  /** Longest time of one attempt, in seconds. */
  readonly timeoutSeconds: number;
  /** The worker enforces the timeout itself; the controller steps in this much later, in seconds. */
  readonly timeoutSlackSeconds: number;
  /** An encoder without progress for this long is ended by its worker, in seconds. */
  readonly stallSeconds: number;
  /** Time between the polite and the hard end of a stage, in milliseconds. */
  readonly graceMs: number;
  readonly ttlSecondsAfterFinished: number;
  readonly retryLimit: number;
  readonly backoffSeconds: number;
  readonly maxBackoffSeconds: number;
  /** Attempts lost to the machine that a job survives: a job that brings its nodes down must end some day. */
  readonly maxDisruptions: number;
  /** Least time between two status writes that carry nothing but progress, in milliseconds. */
  readonly progressIntervalMs: number;
  /** Whether another attempt can land on another node; where it cannot, errors of kind `elsewhere` are final. */
  readonly otherNodes: boolean;
  /** A waiting job rises by one point of priority for each of these, in seconds. */
  readonly agingSeconds: number;
  /** Stages per pool that are started beyond its slots, so that a freed slot is not idle. */
  readonly lookAhead: number;
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
  progressIntervalMs: 10_000,
  otherNodes: false,
  agingSeconds: 60,
  lookAhead: 0,
};
