/** Every bound of the model. CEL needs a bound on each list and string for its cost budget. */
export const bounds = {
  inputs: 64,
  operations: 32,
  mergeInputs: 50,
  ranges: 100,
  regions: 32,
  rampSegments: 64,
  captions: 500,
  captionText: 500,
  renditions: 8,
  retryRules: 16,
  attemptsKept: 10,
  outputs: 64,
  conditions: 8,
  url: 2048,
  path: 1024,
  message: 1024,
  fallbackMessage: 160,
  stderrTail: 2048,
  /** Longest time on a timeline, in seconds: 7 days. */
  timelineSeconds: 604_800,
  /** Width or height of a video in pixels; the limit of Intel's AV1 and HEVC encoders. */
  side: 16_384,
  /** A stage spec travels in an environment variable. */
  stageSpecBytes: 65_536,
  /** A job's spec must fit into a stage spec with room for identities and resolved inputs. */
  specBytes: 49_152,
  /** A status is written often, and etcd keeps each version for a while. The controller shortens longer ones. */
  statusBytes: 16_384,
  /** Kubernetes reads at most this much of a container's termination message. */
  resultBytes: 4096,
  /** `<name>-<attempt>-<stage>` and a pod suffix must fit into 63 characters. */
  jobName: 44,
} as const;
