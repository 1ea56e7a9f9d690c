import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { type DeviceFolders, systemFolders } from '../media/run/render-nodes.ts';
import type { MediaTools } from '../media/run/run-tool.ts';
import { toolEnvironment } from '../media/run/tool-environment.ts';
import { bounds } from '../model/bounds.ts';
import { type StageSpec, stageSpec } from '../model/stage.ts';
import type { SourcePolicy } from '../storage/address-guard.ts';
import { workerEnvironment } from './environment.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a worker is told by its runner, read and checked. */
export interface StageEnvironment {
  readonly spec: StageSpec;
  readonly resultFile: string;
  readonly scratchDir: string;
  readonly objectsDir: string;
  readonly mediaRoot?: string;
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
const schema = z.object({
  resultFile: path,
  scratchDir: path,
  objectsDir: path,
  mediaRoot: z.string().default(''),
  sourceHosts: z.string().default('*').transform(list),
  allowedRanges: z.string().default('').transform(list),
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
});

/** The worker's environment. Throws `SPEC_INVALID` that names every variable and field which is wrong. */
export function readStageEnvironment(env: Environment): StageEnvironment {
  const named = Object.entries(workerEnvironment).map(([key, variable]) => [key, env[variable]]);
  const settings = schema.safeParse(Object.fromEntries(named));
  if (!settings.success) {
    throw invalid(settings.error.issues, ([key]) => variableOf(key) ?? 'the environment');
  }
  const { mediaRoot, sourceHosts, allowedRanges, ffmpeg, ffprobe, driDir, drmClassDir, ...rest } = settings.data;
  return {
    ...rest,
    ...(mediaRoot !== '' && { mediaRoot }),
    spec: readSpec(env[workerEnvironment.stage]),
    sources: { hosts: sourceHosts, allowedRanges },
    tools: { ffmpeg, ffprobe, env: toolEnvironment(env) },
    folders: { dri: driDir, drmClass: drmClassDir },
  };
}

function readSpec(text: string | undefined): StageSpec {
  const variable = workerEnvironment.stage;
  if (text === undefined) throw new CodedError('SPEC_INVALID', `Expected a stage in ${variable}, got none`);
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
    throw new CodedError('SPEC_INVALID', `Expected JSON in ${variable}, got a text that is none`, { cause });
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
