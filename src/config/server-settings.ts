import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { apiVerbs, onOff, path, type SettingGroup, verbs, wholeNumber } from './setting.ts';

const gibibyte = 1024 ** 3;

/** The server on a single machine. */
export const standaloneSettings = {
  dataDir: {
    verbs: ['standalone'],
    variable: 'FRAMEWRIGHT_DATA_DIR',
    flag: 'data',
    schema: path,
    default: join(homedir(), '.local', 'share', 'framewright'),
    about: 'Folder for the job store, uploads, outputs and work files.',
  },
  workers: {
    verbs: ['standalone'],
    variable: 'FRAMEWRIGHT_WORKERS',
    flag: 'workers',
    schema: wholeNumber(0, 256),
    default: String(Math.max(1, Math.floor(availableParallelism() / 2))),
    about: 'Stages that render in parallel; half the processors when not set.',
  },
} as const satisfies SettingGroup;

/** The HTTP server of the REST API. */
export const serverSettings = {
  host: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_HOST',
    flag: 'host',
    schema: z.string().min(1),
    default: '127.0.0.1',
    about: 'Address to listen on.',
  },
  port: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_PORT',
    flag: 'port',
    schema: wholeNumber(0, 65_535),
    default: '8080',
    about: 'Port to listen on; 0 is any free one.',
  },
  publicUrl: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_PUBLIC_URL',
    flag: 'public-url',
    schema: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .transform((url) => (url === '' ? undefined : url.replace(/\/+$/, ''))),
    default: '',
    about: 'Base of the URLs in replies; the Host of each request when empty.',
  },
  expectQsv: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_EXPECT_QSV',
    flag: 'expect-qsv',
    schema: z.enum(['auto', 'always', 'never']),
    default: 'auto',
    about:
      'Whether `/health` is degraded without Quick Sync; auto: when the machine has an Intel render node, or a pool of the cluster asks for GPUs.',
  },
  syncWaitSeconds: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_SYNC_WAIT_SECONDS',
    schema: wholeNumber(1, 600),
    default: '60',
    about: 'How long `delivery: "sync"` waits before it answers 202.',
  },
  deprecatedRoutes: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_DEPRECATED_ROUTES',
    schema: onOff,
    default: 'on',
    about: 'Whether the deprecated `/api/v1` routes answer.',
  },
  sunset: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_SUNSET',
    schema: z.iso.date(),
    default: '2026-07-01',
    about: 'Date in the `Sunset` header of the deprecated routes.',
  },
} as const satisfies SettingGroup;

/** What clients of the REST API may use. */
export const limitSettings = {
  unfinishedJobs: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_MAX_UNFINISHED_JOBS',
    schema: wholeNumber(1, 1_000_000),
    default: '20',
    about: 'Unfinished jobs of one owner.',
  },
  fileBytes: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_MAX_FILE_BYTES',
    schema: wholeNumber(1, 1e15),
    default: String(2 * gibibyte),
    about: 'Largest uploaded file in bytes.',
  },
  subtitleBytes: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_MAX_SUBTITLE_BYTES',
    schema: wholeNumber(1, 1e9),
    default: String(1024 ** 2),
    about: 'Largest uploaded subtitle file in bytes.',
  },
  streamsPerKey: {
    verbs: apiVerbs,
    variable: 'FRAMEWRIGHT_MAX_STREAMS_PER_KEY',
    schema: wholeNumber(1, 100_000),
    default: '100',
    about: 'Event streams and followed logs that one API key may have open; one more is rejected with 429.',
  },
} as const satisfies SettingGroup;

export const logSettings = {
  level: {
    verbs,
    variable: 'FRAMEWRIGHT_LOG_LEVEL',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    about: 'Lowest level that is logged.',
  },
} as const satisfies SettingGroup;
