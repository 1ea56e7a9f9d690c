import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { CodedError } from './errors.ts';

// Environment and flags become one validated Config here, and nowhere else: no other module reads process.env.
// A flag goes before its variable. `docs/reference/configuration.md` is generated from this table.

const gibibyte = 1024 ** 3;

const wholeNumber = (least: number, most: number) => {
  const error = `expected a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, { error })
    .transform(Number)
    .pipe(z.int({ error }).min(least, { error }).max(most, { error }));
};
const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const onOff = z.enum(['on', 'off']).transform((text) => text === 'on');

interface Setting {
  readonly variable: string;
  /** The flag of `framewright standalone` that says the same. */
  readonly flag?: string;
  readonly schema: z.ZodType;
  readonly default: string;
  readonly about: string;
}

const settings = {
  dataDir: {
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
    variable: 'FRAMEWRIGHT_HOST',
    flag: 'host',
    schema: z.string().min(1),
    default: '127.0.0.1',
    about: 'Address to listen on.',
  },
  port: {
    variable: 'FRAMEWRIGHT_PORT',
    flag: 'port',
    schema: wholeNumber(0, 65_535),
    default: '8080',
    about: 'Port to listen on; 0 is any free one.',
  },
  publicUrl: {
    variable: 'FRAMEWRIGHT_PUBLIC_URL',
    flag: 'public-url',
    schema: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .transform((url) => (url === '' ? undefined : url.replace(/\/+$/, ''))),
    default: '',
    about: 'Base of the URLs in replies; the Host of each request when empty.',
  },
  mediaRoot: {
    variable: 'FRAMEWRIGHT_MEDIA_ROOT',
    flag: 'media-root',
    schema: z.string().transform((path) => (path === '' ? undefined : resolve(path))),
    default: '',
    about: 'Folder that inputs of kind `file` are read from; without one such inputs are refused.',
  },
  workers: {
    variable: 'FRAMEWRIGHT_WORKERS',
    flag: 'workers',
    schema: wholeNumber(0, 256),
    default: String(Math.max(1, Math.floor(availableParallelism() / 2))),
    about: 'Stages that render at once; half the processors when not set.',
  },
  expectQsv: {
    variable: 'FRAMEWRIGHT_EXPECT_QSV',
    flag: 'expect-qsv',
    schema: z.enum(['auto', 'always', 'never']),
    default: 'auto',
    about: 'Whether `/health` is degraded without Quick Sync; auto: when the machine has an Intel render node.',
  },
  sourceHosts: {
    variable: 'FRAMEWRIGHT_SOURCE_HOSTS',
    schema: commaList,
    default: '*',
    about:
      'Hosts that URL inputs may come from, separated by commas; `*` is any public host, `*.example.com` its subdomains.',
  },
  allowedRanges: {
    variable: 'FRAMEWRIGHT_ALLOWED_SOURCE_RANGES',
    schema: commaList,
    default: '',
    about: 'Private address ranges (CIDR) that URL inputs may come from nevertheless.',
  },
  unfinishedJobs: {
    variable: 'FRAMEWRIGHT_MAX_UNFINISHED_JOBS',
    schema: wholeNumber(1, 1_000_000),
    default: '20',
    about: 'Unfinished jobs of one owner.',
  },
  fileBytes: {
    variable: 'FRAMEWRIGHT_MAX_FILE_BYTES',
    schema: wholeNumber(1, 1e15),
    default: String(2 * gibibyte),
    about: 'Largest uploaded file in bytes.',
  },
  subtitleBytes: {
    variable: 'FRAMEWRIGHT_MAX_SUBTITLE_BYTES',
    schema: wholeNumber(1, 1e9),
    default: String(1024 ** 2),
    about: 'Largest uploaded subtitle file in bytes.',
  },
  streamsPerKey: {
    variable: 'FRAMEWRIGHT_MAX_STREAMS_PER_KEY',
    schema: wholeNumber(1, 100_000),
    default: '100',
    about: 'Event streams and followed logs that one API key may have open; one more is refused with 429.',
  },
  inputBytes: {
    variable: 'FRAMEWRIGHT_MAX_INPUT_BYTES',
    schema: wholeNumber(1, 1e15),
    default: String(100 * gibibyte),
    about: 'Largest fetched input in bytes.',
  },
  syncWaitSeconds: {
    variable: 'FRAMEWRIGHT_SYNC_WAIT_SECONDS',
    schema: wholeNumber(1, 600),
    default: '60',
    about: 'How long `delivery: "sync"` waits before it answers 202.',
  },
  timeoutSeconds: {
    variable: 'FRAMEWRIGHT_TIMEOUT_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '21600',
    about: 'Longest time of one attempt, where the job says nothing.',
  },
  stallSeconds: {
    variable: 'FRAMEWRIGHT_STALL_SECONDS',
    schema: wholeNumber(1, 86_400),
    default: '120',
    about: 'An encoder without progress for this long is ended.',
  },
  ttlSeconds: {
    variable: 'FRAMEWRIGHT_TTL_SECONDS',
    schema: wholeNumber(0, 31_536_000),
    default: '604800',
    about: 'How long finished jobs and their files are kept.',
  },
  deprecatedRoutes: {
    variable: 'FRAMEWRIGHT_DEPRECATED_ROUTES',
    schema: onOff,
    default: 'on',
    about: 'Whether the deprecated `/api/v1` routes answer.',
  },
  sunset: {
    variable: 'FRAMEWRIGHT_SUNSET',
    schema: z.iso.date(),
    default: '2026-07-01',
    about: 'Date in the `Sunset` header of the deprecated routes.',
  },
  ffmpeg: {
    variable: 'FRAMEWRIGHT_FFMPEG',
    schema: z.string().min(1),
    default: 'ffmpeg',
    about: 'The ffmpeg program.',
  },
  ffprobe: {
    variable: 'FRAMEWRIGHT_FFPROBE',
    schema: z.string().min(1),
    default: 'ffprobe',
    about: 'The ffprobe program.',
  },
  driDir: {
    variable: 'FRAMEWRIGHT_DRI_DIR',
    schema: z
      .string()
      .min(1)
      .transform((path) => resolve(path)),
    default: '/dev/dri',
    about: 'Folder of the render nodes; another one in tests and where a host shows its devices elsewhere.',
  },
  drmClassDir: {
    variable: 'FRAMEWRIGHT_DRM_CLASS_DIR',
    schema: z
      .string()
      .min(1)
      .transform((path) => resolve(path)),
    default: '/sys/class/drm',
    about: 'Folder in which the kernel describes the render nodes: their maker and driver.',
  },
  logLevel: {
    variable: 'FRAMEWRIGHT_LOG_LEVEL',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    about: 'Least level of the log.',
  },
} as const satisfies Record<string, Setting>;

const configSchema = z.object({
  dataDir: settings.dataDir.schema,
  host: settings.host.schema,
  port: settings.port.schema,
  publicUrl: settings.publicUrl.schema,
  mediaRoot: settings.mediaRoot.schema,
  workers: settings.workers.schema,
  expectQsv: settings.expectQsv.schema,
  sourceHosts: settings.sourceHosts.schema,
  allowedRanges: settings.allowedRanges.schema,
  unfinishedJobs: settings.unfinishedJobs.schema,
  fileBytes: settings.fileBytes.schema,
  subtitleBytes: settings.subtitleBytes.schema,
  streamsPerKey: settings.streamsPerKey.schema,
  inputBytes: settings.inputBytes.schema,
  syncWaitSeconds: settings.syncWaitSeconds.schema,
  timeoutSeconds: settings.timeoutSeconds.schema,
  stallSeconds: settings.stallSeconds.schema,
  ttlSeconds: settings.ttlSeconds.schema,
  deprecatedRoutes: settings.deprecatedRoutes.schema,
  sunset: settings.sunset.schema,
  ffmpeg: settings.ffmpeg.schema,
  ffprobe: settings.ffprobe.schema,
  driDir: settings.driDir.schema,
  drmClassDir: settings.drmClassDir.schema,
  logLevel: settings.logLevel.schema,
}) satisfies z.ZodObject<Record<keyof typeof settings, z.ZodType>>;

export type Config = Readonly<z.output<typeof configSchema>>;

/** The table of settings, for the documentation and `--help`. */
export const configTable: readonly (Setting & { readonly key: string })[] = Object.entries(settings).map(
  ([key, setting]) => ({ key, ...setting }),
);

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * One Config out of flags (by the names of the table) and environment variables.
 * Throws `INVALID_REQUEST` that lists every wrong setting: which, what was expected, what was got.
 */
export function loadConfig(
  flags: Readonly<Record<string, string | undefined>> = {},
  environment: Environment = processEnvironment(),
): Config {
  const given = Object.entries(settings).map(([key, setting]: [string, Setting]) => {
    const flag = setting.flag === undefined ? undefined : flags[setting.flag];
    return {
      key,
      name: flag === undefined ? setting.variable : `--${setting.flag}`,
      text: flag ?? environment[setting.variable] ?? setting.default,
    };
  });
  const parsed = configSchema.safeParse(Object.fromEntries(given.map(({ key, text }) => [key, text])));
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ path, message }) => {
    const wrong = given.find(({ key }) => key === path[0]);
    return { path: wrong?.name ?? path.join('.'), message: `${message}, got ${JSON.stringify(wrong?.text)}` };
  });
  throw new CodedError('INVALID_REQUEST', details.map(({ path, message }) => `${path}: ${message}`).join('\n'), {
    details,
    hint: 'Correct the flag or the variable; `framewright standalone --help` lists them.',
  });
}
