/**
 * Names of the environment variables through which a runner talks to a worker; the same for a child process and a pod.
 *
 * A worker also has, when its parent gave it one, an IPC channel: it sends `{type: 'progress', message: ProgressMessage}`
 * over it, and treats the loss of the channel as SIGTERM, so that a killed server leaves no render behind.
 */
export const workerEnvironment = {
  /** The StageSpec as JSON, at most 64 KiB. */
  stage: 'FRAMEWRIGHT_STAGE',
  /** File to which the worker writes its StageResult (a temporary file renamed into place) just before it exits. */
  resultFile: 'FRAMEWRIGHT_RESULT_FILE',
  /** Empty folder for fetched inputs and unfinished outputs; the runner removes it after the run. */
  scratchDir: 'FRAMEWRIGHT_SCRATCH_DIR',
  /** Folder of the directory object store. */
  objectsDir: 'FRAMEWRIGHT_OBJECTS_DIR',
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
} as const;
