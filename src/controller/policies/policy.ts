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
  /** How long a pod may be refused, its image not be pulled or its container not be made before its attempt ends, in seconds. */
  readonly cannotStartSeconds: number;
  /** How long a start may take that says nothing of a fault, in seconds: a large image is pulled without a word. */
  readonly startSeconds: number;
  /** How long a pod may wait for a node before its job goes back into the queue, in seconds. */
  readonly unschedulableSeconds: number;
  /** Attempts that may end without having started; with the next such one the job fails. */
  readonly maxStartFailures: number;
  /** A pod that should have ended this long ago is lost with its silent node, in seconds. */
  readonly nodeSilenceSeconds: number;
  /** How long the clean-up of a removed job is tried before its record goes without it, in seconds. */
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
  progressIntervalMs: 10_000,
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
