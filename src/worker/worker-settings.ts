import { z } from 'zod';
import type { S3Access } from '../adapters/object-store/bucket-access.ts';
import type { ObjectStoreOptions } from '../adapters/object-store/open-store.ts';
import type { S3Credentials } from '../adapters/object-store/s3/s3-client.ts';
import type { SourcePolicy } from '../adapters/sources/address-guard.ts';
import { CodedError } from '../errors/coded-error.ts';
import type { MediaTools } from '../media/ffmpeg/run/run-tool.ts';
import { toolEnvironment } from '../media/ffmpeg/run/tool-environment.ts';
import { type DeviceFolders, systemFolders } from '../media/gpu/run/render-nodes.ts';
import { bounds } from '../model/job/bounds.ts';
import { type StageSpec, stageSpec } from '../model/job/stage.ts';
import { secretVariables, type WorkerSetting, workerEnvironment } from '../worker-protocol/environment.ts';
import { secretsOf } from '../worker-protocol/stage-access.ts';
import { uploadDirIn } from './stage-stores.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The environment of a worker, parsed and checked. */
export interface StageEnvironment {
  readonly spec: StageSpec;
  readonly resultFile: string;
  readonly scratchDir: string;
  readonly objects: ObjectStoreOptions;
  readonly s3: S3Access;
  /** Folder under which claims are mounted. */
  readonly volumesDir?: string;
  readonly mediaRoot?: string;
  readonly installation?: string;
  readonly sources: SourcePolicy;
  readonly maxInputBytes: number;
  readonly tools: MediaTools;
  readonly folders: DeviceFolders;
  readonly logLevel: LogLevel;
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const path = z.string().min(1);
const optional = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();
const listed = z.string().default('').transform(list);
const schema = z.object({
  resultFile: path,
  scratchDir: path,
  objectsDir: optional,
  s3Bucket: optional,
  s3Prefix: optional,
  s3Endpoint: optional,
  s3Region: optional,
  s3ForcePathStyle: z
    .enum(['on', 'off'])
    .default('off')
    .transform((text) => text === 'on'),
  s3SourceBuckets: listed,
  s3DestinationBuckets: listed,
  s3Endpoints: listed,
  volumesDir: optional,
  installation: optional,
  mediaRoot: z.string().default(''),
  sourceHosts: z.string().default('*').transform(list),
  allowedRanges: listed,
  maxInputBytes: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, 'must be a number of bytes')
    .transform(Number)
    .default(100 * 1024 ** 3),
  ffmpeg: z.string().min(1).default('ffmpeg'),
  ffprobe: z.string().min(1).default('ffprobe'),
  driDir: path.default(systemFolders.dri),
  drmClassDir: path.default(systemFolders.drmClass),
  logLevel: z.enum(logLevels).default('info'),
} satisfies Partial<Record<WorkerSetting, z.ZodType>>);

/** The worker's environment. Throws `SPEC_INVALID` that names every variable and field which is wrong. */
export function readStageEnvironment(env: Environment): StageEnvironment {
  const named = Object.entries(workerEnvironment).map(([key, variable]) => [key, env[variable]]);
  const settings = schema.safeParse(Object.fromEntries(named));
  if (!settings.success) {
    throw invalid(settings.error.issues, ([key]) => variableOf(key) ?? 'the environment');
  }
  const { data } = settings;
  const { mediaRoot, volumesDir, resultFile, scratchDir, maxInputBytes, logLevel, ffmpeg, ffprobe } = data;
  const spec = readSpec(env[workerEnvironment.stage]);
  return {
    resultFile,
    scratchDir,
    maxInputBytes,
    logLevel,
    ...(volumesDir !== undefined && { volumesDir }),
    ...(data.installation !== undefined && { installation: data.installation }),
    ...(mediaRoot !== '' && { mediaRoot }),
    spec,
    objects: objectsOf(data),
    s3: {
      endpoint: data.s3Endpoint,
      region: data.s3Region,
      forcePathStyle: data.s3ForcePathStyle,
      sourceBuckets: data.s3SourceBuckets,
      destinationBuckets: data.s3DestinationBuckets,
      endpoints: data.s3Endpoints,
      secrets: readSecrets(spec, env),
    },
    sources: { hosts: data.sourceHosts, allowedRanges: data.allowedRanges },
    tools: { ffmpeg, ffprobe, env: toolEnvironment(env) },
    folders: { dri: data.driDir, drmClass: data.drmClassDir },
  };
}

/** A folder or a bucket: with both, or neither, it is not clear where the outputs are published. */
function objectsOf(settings: z.output<typeof schema>): ObjectStoreOptions {
  const { objectsDir, s3Bucket, s3Prefix, s3Endpoint, s3Region, s3ForcePathStyle, scratchDir } = settings;
  if ((objectsDir === undefined) === (s3Bucket === undefined)) {
    const names = `${workerEnvironment.objectsDir} or ${workerEnvironment.s3Bucket}`;
    throw new CodedError('SPEC_INVALID', `Expected ${names}, got ${objectsDir === undefined ? 'neither' : 'both'}`);
  }
  if (objectsDir !== undefined) return { kind: 'directory', dir: objectsDir };
  return {
    kind: 's3',
    bucket: s3Bucket ?? '',
    prefix: s3Prefix,
    endpoint: s3Endpoint,
    region: s3Region,
    forcePathStyle: s3ForcePathStyle,
    uploadDir: uploadDirIn(scratchDir),
  };
}

/** Credentials of the Secrets that the stage names, from the variables that the runner has set. */
function readSecrets(spec: StageSpec, env: Environment): ReadonlyMap<string, S3Credentials> {
  const found = new Map<string, S3Credentials>();
  for (const [index, name] of secretsOf(spec).entries()) {
    const names = secretVariables(index);
    const [accessKeyId, secretAccessKey] = [env[names.accessKeyId], env[names.secretAccessKey]];
    if (accessKeyId && secretAccessKey) found.set(name, { accessKeyId, secretAccessKey });
  }
  return found;
}

function readSpec(text: string | undefined): StageSpec {
  const variable = workerEnvironment.stage;
  if (text === undefined) throw new CodedError('SPEC_INVALID', `Expected a stage in ${variable}, which is not set`);
  if (Buffer.byteLength(text) > bounds.stageSpecBytes) {
    throw new CodedError('SPEC_INVALID', `Expected at most ${bounds.stageSpecBytes} bytes in ${variable}, got more`);
  }
  const parsed = stageSpec.safeParse(jsonOf(text, variable));
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues, (at) => ['stage', ...at].join('.'));
}

function jsonOf(text: string, variable: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodedError('SPEC_INVALID', `Expected JSON in ${variable}, got other text`, { cause });
  }
}

function variableOf(key: PropertyKey | undefined): string | undefined {
  return Object.entries(workerEnvironment).find(([name]) => name === key)?.[1];
}

function invalid(issues: readonly z.core.$ZodIssue[], nameOf: (path: readonly PropertyKey[]) => string): CodedError {
  const details = issues.map(({ path: at, message }) => ({ path: nameOf(at), message }));
  const text = details.map(({ path: name, message }) => `${name}: ${message}`).join('; ');
  return new CodedError('SPEC_INVALID', text.slice(0, bounds.message), { details });
}
