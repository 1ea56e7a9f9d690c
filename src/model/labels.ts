// Every key of our own, and every key of Kubernetes and Kueue that we read or write. Labels are what selectors find
// objects by; annotations are for reading only.

/** Keys of labels of RenderJobs, of the Jobs and pods of their stages, and of nodes. */
export const labels = {
  job: 'framewright.dev/job',
  uid: 'framewright.dev/uid',
  attempt: 'framewright.dev/attempt',
  stage: 'framewright.dev/stage',
  owner: 'framewright.dev/owner',
  type: 'framewright.dev/type',
  pool: 'framewright.dev/pool',
  /** Of a Job that Kueue admits. */
  kueueQueue: 'kueue.x-k8s.io/queue-name',
  /** Uid of the Job of a pod; set by the Job controller. */
  jobUid: 'batch.kubernetes.io/controller-uid',
  /** Of a node; set by the kubelet. */
  hostname: 'kubernetes.io/hostname',
  appName: 'app.kubernetes.io/name',
  partOf: 'app.kubernetes.io/part-of',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

/** The label of every Job, pod and Secret that we create; watches select by it. */
export const managedByUs = { [labels.managedBy]: 'framewright' } as const;

export const annotations = {
  /** Name of the job that this one retries. */
  retryOf: 'framewright.dev/retry-of',
  /** SHA-256 of the body that was sent with an idempotency key. */
  requestDigest: 'framewright.dev/request-digest',
  /** The published API through which the job was created: edit, native, jobs, queue or style. */
  shape: 'framewright.dev/shape',
  /** `true` on a job that is being removed: delete its record immediately and keep its files. */
  skipCleanUp: 'framewright.dev/skip-clean-up',
  /** When a RenderJob was created, finer than `creationTimestamp`, which has whole seconds; kubectl does not set it. */
  created: 'framewright.dev/created',
  /** On the Job of a stage that was stopped: why. */
  stopReason: 'framewright.dev/stop-reason',
} as const;

export const finalizers = {
  /** Keeps a RenderJob until its files are deleted. Without a running operator, remove it from `metadata.finalizers`. */
  cleanup: 'framewright.dev/cleanup',
} as const;

/** Prefixes of keys on which controllers act; a job may not set them on its pods. */
export const reservedPrefixes = ['framewright.dev/', 'kueue.x-k8s.io/', 'batch.kubernetes.io/'] as const;

/** The value of `spec.managedBy` for jobs of this operator; the same as no value. */
export const manager = 'framewright.dev/operator';
