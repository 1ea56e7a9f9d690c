import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../errors.ts';
import type { Rung } from '../../model/result.ts';
import type { Capabilities, GpuDevice } from '../capabilities.ts';
import { parseFfmpegVersion, parseNames } from '../ffmpeg-lists.ts';
import { proveEncodes } from './prove-encodes.ts';
import { type DeviceFolders, listRenderNodes, noDeviceReason, type RenderNode, systemFolders } from './render-nodes.ts';
import { type MediaTools, runTool } from './run-tool.ts';

export interface DetectOptions {
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
  /** Folder in which proved devices are remembered between processes; nothing is when absent. */
  readonly cacheDir?: string;
  readonly folders?: DeviceFolders;
}

const oldest = [5, 1] as const;

/** Detections of this process by FFmpeg and folders: what a machine can do does not change while a process runs. */
const known = new Map<string, Promise<Capabilities>>();

/**
 * What the FFmpeg and the GPUs of this machine can do. Rejects with `CAPABILITY_MISSING` when FFmpeg is missing or older
 * than 5.1. A GPU encoder counts only when a short encode with it has succeeded: FFmpeg lists Quick Sync on any machine.
 */
export async function detectCapabilities(options: DetectOptions): Promise<Capabilities> {
  const { tools, folders = systemFolders } = options;
  const key = JSON.stringify([tools.ffmpeg, tools.ffprobe, folders]);
  // Shared by callers with different signals, so no one's signal ends it: each of its processes has a time limit.
  const found = known.get(key) ?? detect({ ...options, signal: new AbortController().signal }, folders);
  known.set(key, found);
  // A failure may heal.
  found.catch(() => known.delete(key));
  return orAbort(found, options.signal);
}

/** The promise, or the signal's reason when that comes first. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(asError(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    promise
      .then(resolve, (error: unknown) => reject(asError(error)))
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

async function detect(options: DetectOptions, folders: DeviceFolders): Promise<Capabilities> {
  const { tools } = options;
  const { version, ffmpeg } = await versionOf(options);
  const listings = await Promise.all([listing(options, '-encoders'), listing(options, '-filters')]);
  const [encoders, filters] = [parseNames(listings[0]), parseNames(listings[1])];
  const nodes = await listRenderNodes(folders);
  const usable = nodes.filter(({ problem }) => problem === undefined);
  const devices: GpuDevice[] = [];
  const problems: string[] = [];
  for (const node of usable) {
    const { device, problem } = await deviceOf(node, version, encoders, options);
    if (problem === undefined) devices.push(device);
    else problems.push(problem);
  }
  return {
    ffmpegVersion: version,
    ffmpeg,
    encoders,
    filters,
    devices,
    unavailable: unavailableRungs(
      devices,
      encoders,
      problems.join('; ') || noDeviceReason(nodes, folders),
      tools.ffmpeg,
    ),
    cpus: availableParallelism(),
  };
}

/** One reason per rung that nothing on this machine can serve. */
function unavailableRungs(
  devices: readonly GpuDevice[],
  encoders: ReadonlySet<string>,
  noDevice: string,
  program: string,
): Capabilities['unavailable'] {
  const reasons: Partial<Record<Rung, string>> = {};
  for (const rung of ['qsv-full', 'qsv-encode', 'vaapi'] as const) {
    const suffix = rung === 'vaapi' ? '_vaapi' : '_qsv';
    if (devices.length === 0) reasons[rung] = noDevice;
    else if (![...encoders].some((name) => name.endsWith(suffix))) {
      reasons[rung] = `${program} was built without ${suffix.slice(1)} encoders`;
    } else if (!devices.some(({ encodes }) => encodes.some((encode) => encode.rung === rung))) {
      reasons[rung] = `every trial encode failed on ${devices.map(({ node }) => node).join(', ')}`;
    }
  }
  return reasons;
}

async function versionOf(options: DetectOptions): Promise<ReturnType<typeof parseFfmpegVersion>> {
  const text = await listing(options, '-version');
  const parsed = parseFfmpegVersion(text);
  const [major, minor] = parsed.ffmpeg;
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new CodedError('CAPABILITY_MISSING', `Expected FFmpeg ${oldest.join('.')} or later, got ${parsed.version}`);
  }
  return parsed;
}

async function listing({ tools, signal }: DetectOptions, argument: string): Promise<string> {
  const limits = { timeoutMs: 20_000, outputBytes: 1024 * 1024, signal };
  const run = await runTool(tools.ffmpeg, ['-hide_banner', argument], tools.env, limits);
  if (run.exitCode !== 0) {
    throw new CodedError(
      'CAPABILITY_MISSING',
      `Expected ${tools.ffmpeg} ${argument} to succeed, got: ${run.stderr.slice(-300)}`,
    );
  }
  return run.stdout;
}

const remembered = z.object({
  node: z.string(),
  driver: z.string(),
  encodes: z.array(
    z.object({
      rung: z.enum(['qsv-full', 'qsv-encode', 'vaapi']),
      codec: z.enum(['h264', 'hevc', 'av1', 'vp9']),
      bitDepth: z.union([z.literal(8), z.literal(10)]),
      lowPower: z.boolean(),
    }),
  ),
});

/** A device from the disk cache when FFmpeg, kernel and device are the same as then, else from trial encodes. */
async function deviceOf(
  node: RenderNode,
  version: string,
  encoders: ReadonlySet<string>,
  { tools, signal, cacheDir }: DetectOptions,
): Promise<{ readonly device: GpuDevice; readonly problem?: string }> {
  const driver = `${node.driver ?? 'unknown'} ${node.device ?? ''} ${release()}`;
  const identity = JSON.stringify([version, tools.ffmpeg, node, driver]);
  const name = `gpu-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}.json`;
  const path = cacheDir === undefined ? undefined : join(cacheDir, name);
  const cached = path === undefined ? undefined : await readCached(path);
  if (cached !== undefined) return { device: cached };
  const { encodes, problem } = await proveEncodes(node.node, encoders, tools, signal);
  const device = { node: node.node, driver, encodes };
  // A device on which nothing works may only be busy or starting: try it again next time.
  if (path !== undefined && problem === undefined) await writeCached(path, device);
  return { device, ...(problem !== undefined && { problem }) };
}

async function readCached(path: string): Promise<GpuDevice | undefined> {
  try {
    return remembered.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Absent or damaged: trial encodes make it anew.
    return undefined;
  }
}

/** A cache that cannot be written costs time and nothing else. */
async function writeCached(path: string, device: GpuDevice): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await mkdir(join(path, '..'), { recursive: true })
    .then(() => writeFile(draft, JSON.stringify(device)))
    .then(() => rename(draft, path))
    .catch(() => undefined);
}
