/**
 * The environment variables of a worker by the names of its settings: the only list of them. Runners write them with
 * `workerVariables`, and src/worker/worker-settings.ts reads them. They are the same for a child process and a pod.
 *
 * A worker may also have an IPC channel to its parent: it sends `{type: 'progress', message: ProgressMessage}`
 * over it, and treats the loss of the channel as SIGTERM, so that a killed server leaves no render behind.
 */
export const workerEnvironment = {
  /** The StageSpec as JSON, at most 64 KiB. */
  stage: 'FRAMEWRIGHT_STAGE',
  /** File to which the worker writes its StageResult (a temporary file that is renamed) just before it exits. */
  resultFile: 'FRAMEWRIGHT_RESULT_FILE',
  /** Empty folder for fetched inputs and unfinished outputs; the runner removes it after the run. */
  scratchDir: 'FRAMEWRIGHT_SCRATCH_DIR',
  /** Folder of the directory object store; either this or a bucket. */
  objectsDir: 'FRAMEWRIGHT_OBJECTS_DIR',
  /** Bucket of the object store. Its credentials are where the AWS SDK looks for them. */
  s3Bucket: 'FRAMEWRIGHT_S3_BUCKET',
  s3Prefix: 'FRAMEWRIGHT_S3_PREFIX',
  s3Endpoint: 'FRAMEWRIGHT_S3_ENDPOINT',
  s3Region: 'FRAMEWRIGHT_S3_REGION',
  /** `on` or `off`. */
  s3ForcePathStyle: 'FRAMEWRIGHT_S3_FORCE_PATH_STYLE',
  /** Comma-separated buckets that inputs of kind s3 may come from: `bucket`, `bucket/prefix` or `*`. */
  s3SourceBuckets: 'FRAMEWRIGHT_S3_SOURCE_BUCKETS',
  /** The same for destinations of kind s3. */
  s3DestinationBuckets: 'FRAMEWRIGHT_S3_DESTINATION_BUCKETS',
  /** Comma-separated endpoints that a job may name beside that of the installation. */
  s3Endpoints: 'FRAMEWRIGHT_S3_ENDPOINTS',
  /** Folder under which the claims of inputs and destinations of kind pvc are mounted. */
  volumesDir: 'FRAMEWRIGHT_VOLUMES_DIR',
  /** Under which name this worker registers in its object store before it publishes there; not at all when not set. */
  installation: 'FRAMEWRIGHT_INSTALLATION',
  mediaRoot: 'FRAMEWRIGHT_MEDIA_ROOT',
  /** Comma-separated hosts that URL inputs may come from; `*` is any public host. */
  sourceHosts: 'FRAMEWRIGHT_SOURCE_HOSTS',
  /** Comma-separated CIDR ranges that are allowed although they are private. */
  allowedRanges: 'FRAMEWRIGHT_ALLOWED_SOURCE_RANGES',
  maxInputBytes: 'FRAMEWRIGHT_MAX_INPUT_BYTES',
  ffmpeg: 'FRAMEWRIGHT_FFMPEG',
  ffprobe: 'FRAMEWRIGHT_FFPROBE',
  /** Folder of the render nodes; /dev/dri when not set. */
  driDir: 'FRAMEWRIGHT_DRI_DIR',
  /** Folder in which the kernel describes them; /sys/class/drm when not set. */
  drmClassDir: 'FRAMEWRIGHT_DRM_CLASS_DIR',
  logLevel: 'FRAMEWRIGHT_LOG_LEVEL',
  /** NATS servers that progress goes to, where no parent gave an IPC channel; may hold `user:password@`. */
  natsUrl: 'FRAMEWRIGHT_NATS_URL',
  natsCredentialsFile: 'FRAMEWRIGHT_NATS_CREDENTIALS_FILE',
  /** What such a file holds, for a Secret that is no file. */
  natsCredentials: 'FRAMEWRIGHT_NATS_CREDENTIALS',
  natsCaFile: 'FRAMEWRIGHT_NATS_CA_FILE',
} as const;

export type WorkerSetting = keyof typeof workerEnvironment;

type ListSetting = 's3SourceBuckets' | 's3DestinationBuckets' | 's3Endpoints' | 'sourceHosts' | 'allowedRanges';

/** Values of settings, as a runner has them. */
export type WorkerSettingValues = {
  readonly [S in WorkerSetting]?:
    | (S extends ListSetting
        ? readonly string[]
        : S extends 's3ForcePathStyle'
          ? boolean
          : S extends 'maxInputBytes'
            ? number
            : string)
    | undefined;
};

/** The variables for settings: lists with commas, booleans as `on` and `off`. Settings without a value are left out. */
export function workerVariables(settings: WorkerSettingValues): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [setting, value] of Object.entries(settings)) {
    if (value !== undefined && isWorkerSetting(setting)) variables[workerEnvironment[setting]] = textOf(value);
  }
  return variables;
}

function isWorkerSetting(name: string): name is WorkerSetting {
  return Object.hasOwn(workerEnvironment, name);
}

function textOf(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return typeof value === 'object' ? value.join(',') : String(value);
}

/** Where the claims that a stage names are mounted, below the folder of the volumes. */
export const volumeFolders = { inputs: 'inputs', outputs: 'outputs' } as const;

/** Variables with the credentials of the Secret at this index of the list of Secrets of a stage (`secretsOf`). */
export function secretVariables(index: number): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  const start = `FRAMEWRIGHT_S3_SECRET_${index}`;
  return { accessKeyId: `${start}_ACCESS_KEY_ID`, secretAccessKey: `${start}_SECRET_ACCESS_KEY` };
}
