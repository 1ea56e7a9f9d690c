import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { commaList, everyVerb, onOff, type Setting, wholeNumber } from './setting.ts';

const gibibyte = 1024 ** 3;

/** What a server does wherever it runs, and what only one on a single machine needs. */
export const serverSettings = {
  dataDir: {
    verbs: ['standalone'],
    variable: 'FRAMEWRIGHT_DATA_DIR',
    flag: 'data',
    schema: z
      .string()
      .min(1)
      .transform((path) => resolve(path)),
    default: join(homedir(), '.local', 'share', 'framewright'),
    about: 'Folder for the job store, uploads, outputs and work files.',
  },
  host: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_HOST',
    flag: 'host',
    schema: z.string().min(1),
    default: '127.0.0.1',
    about: 'Address to listen on.',
  },
  port: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_PORT',
    flag: 'port',
    schema: wholeNumber(0, 65_535),
    default: '8080',
    about: 'Port to listen on; 0 is any free one.',
  },
  publicUrl: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_PUBLIC_URL',
    flag: 'public-url',
    schema: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .transform((url) => (url === '' ? undefined : url.replace(/\/+$/, ''))),
    default: '',
    about: 'Base of the URLs in replies; the Host of each request when empty.',
  },
  mediaRoot: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_MEDIA_ROOT',
    flag: 'media-root',
    schema: z.string().transform((path) => (path === '' ? undefined : resolve(path))),
    default: '',
    about: 'Folder that inputs of kind `file` are read from; without one such inputs are refused.',
  },
  workers: {
    verbs: ['standalone'],
    variable: 'FRAMEWRIGHT_WORKERS',
    flag: 'workers',
    schema: wholeNumber(0, 256),
    default: String(Math.max(1, Math.floor(availableParallelism() / 2))),
    about: 'Stages that render at once; half the processors when not set.',
  },
  expectQsv: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_EXPECT_QSV',
    flag: 'expect-qsv',
    schema: z.enum(['auto', 'always', 'never']),
    default: 'auto',
    about:
      'Whether `/health` is degraded without Quick Sync; auto: when the machine has an Intel render node, or a pool of the cluster asks for GPUs.',
  },
  sourceHosts: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_SOURCE_HOSTS',
    schema: commaList,
    default: '*',
    about:
      'Hosts that URL inputs may come from, separated by commas; `*` is any public host, `*.example.com` its subdomains.',
  },
  allowedRanges: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_ALLOWED_SOURCE_RANGES',
    schema: commaList,
    default: '',
    about: 'Private address ranges (CIDR) that URL inputs may come from nevertheless.',
  },
  unfinishedJobs: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_MAX_UNFINISHED_JOBS',
    schema: wholeNumber(1, 1_000_000),
    default: '20',
    about: 'Unfinished jobs of one owner.',
  },
  fileBytes: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_MAX_FILE_BYTES',
    schema: wholeNumber(1, 1e15),
    default: String(2 * gibibyte),
    about: 'Largest uploaded file in bytes.',
  },
  subtitleBytes: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_MAX_SUBTITLE_BYTES',
    schema: wholeNumber(1, 1e9),
    default: String(1024 ** 2),
    about: 'Largest uploaded subtitle file in bytes.',
  },
  streamsPerKey: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_MAX_STREAMS_PER_KEY',
    schema: wholeNumber(1, 100_000),
    default: '100',
    about: 'Event streams and followed logs that one API key may have open; one more is refused with 429.',
  },
  inputBytes: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_MAX_INPUT_BYTES',
    schema: wholeNumber(1, 1e15),
    default: String(100 * gibibyte),
    about: 'Largest fetched input in bytes.',
  },
  syncWaitSeconds: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_SYNC_WAIT_SECONDS',
    schema: wholeNumber(1, 600),
    default: '60',
    about: 'How long `delivery: "sync"` waits before it answers 202.',
  },
  timeoutSeconds: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_TIMEOUT_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '21600',
    about: 'Longest time of one attempt, where the job says nothing.',
  },
  stallSeconds: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_STALL_SECONDS',
    schema: wholeNumber(1, 86_400),
    default: '120',
    about: 'An encoder without progress for this long is ended.',
  },
  ttlSeconds: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_TTL_SECONDS',
    schema: wholeNumber(0, 31_536_000),
    default: '604800',
    about: 'How long finished jobs and their files are kept.',
  },
  deprecatedRoutes: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_DEPRECATED_ROUTES',
    schema: onOff,
    default: 'on',
    about: 'Whether the deprecated `/api/v1` routes answer.',
  },
  sunset: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_SUNSET',
    schema: z.iso.date(),
    default: '2026-07-01',
    about: 'Date in the `Sunset` header of the deprecated routes.',
  },
  ffmpeg: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_FFMPEG',
    schema: z.string().min(1),
    default: 'ffmpeg',
    about: 'The ffmpeg program.',
  },
  ffprobe: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_FFPROBE',
    schema: z.string().min(1),
    default: 'ffprobe',
    about: 'The ffprobe program.',
  },
  driDir: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_DRI_DIR',
    schema: z
      .string()
      .min(1)
      .transform((path) => resolve(path)),
    default: '/dev/dri',
    about: 'Folder of the render nodes; another one in tests and where a host shows its devices elsewhere.',
  },
  drmClassDir: {
    verbs: ['standalone', 'api'],
    variable: 'FRAMEWRIGHT_DRM_CLASS_DIR',
    schema: z
      .string()
      .min(1)
      .transform((path) => resolve(path)),
    default: '/sys/class/drm',
    about: 'Folder in which the kernel describes the render nodes: their maker and driver.',
  },
  logLevel: {
    verbs: everyVerb,
    variable: 'FRAMEWRIGHT_LOG_LEVEL',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    about: 'Least level of the log.',
  },
} as const satisfies Record<string, Setting>;
