import { availableParallelism, release } from 'node:os';
import { z } from 'zod';
import { CodedError } from '../../errors.ts';
import type { Rung } from '../../model/result.ts';
import type { Capabilities, GpuDevice } from '../capabilities.ts';
import { parseFfmpegVersion, parseNames } from '../ffmpeg-lists.ts';
import { rememberedOr } from './disk-cache.ts';
import { proveEncodes } from './prove-encodes.ts';
import { type DeviceFolders, listRenderNodes, noDeviceReason, type RenderNode, systemFolders } from './render-nodes.ts';
import { type MediaTools, runTool } from './run-tool.ts';
import { driverSettings } from './tool-environment.ts';

export interface DetectOptions {
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
  /** Folder in which findings are remembered between processes; nothing is when absent. */
  readonly cacheDir?: string;
  readonly folders?: DeviceFolders;
}

const oldest = [5, 1] as const;

/** Detections of this process by FFmpeg, its environment and folders: what a machine can do does not change while a process runs. */
const known = new Map<string, Promise<Capabilities>>();

/**
 * What the FFmpeg and the GPUs of this machine can do. Rejects with `CAPABILITY_MISSING` when FFmpeg is missing or older
 * than 5.1. A GPU encoder counts only when a short encode with it has succeeded: FFmpeg lists Quick Sync on any machine.
 */
export async function detectCapabilities(options: DetectOptions): Promise<Capabilities> {
  const { tools, folders = systemFolders } = options;
  const key = JSON.stringify([tools, folders]);
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
  const banner = await print(options, '-version');
  const { version, ffmpeg } = supported(banner);
  const { encoders, filters } = await listings(banner, options);
  const nodes = await listRenderNodes(folders);
  const devices: GpuDevice[] = [];
  const problems: string[] = [];
  for (const node of nodes.filter(({ problem }) => problem === undefined)) {
    const { device, problem } = await tryDevice(node, banner, encoders, options);
    if (problem === undefined) devices.push(device);
    else problems.push(problem);
  }
  const noDevice = problems.join('; ') || noDeviceReason(nodes, folders);
  return {
    ffmpegVersion: version,
    ffmpeg,
    encoders,
    filters,
    devices,
    unavailable: unavailableRungs(devices, encoders, noDevice, options.tools.ffmpeg),
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

function supported(banner: string): ReturnType<typeof parseFfmpegVersion> {
  const parsed = parseFfmpegVersion(banner);
  const [major, minor] = parsed.ffmpeg;
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new CodedError('CAPABILITY_MISSING', `Expected FFmpeg ${oldest.join('.')} or later, got ${parsed.version}`);
  }
  return parsed;
}

const rememberedNames = z.object({ encoders: z.array(z.string()), filters: z.array(z.string()) });

/** Encoders and filters by name; remembered per banner, which tells version and configuration of the build. */
async function listings(
  banner: string,
  options: DetectOptions,
): Promise<{ readonly encoders: ReadonlySet<string>; readonly filters: ReadonlySet<string> }> {
  const identity = ['names', options.tools.ffmpeg, banner];
  const names = await rememberedOr(options.cacheDir, identity, rememberedNames, async () => {
    const [encoders, filters] = await Promise.all([print(options, '-encoders'), print(options, '-filters')]);
    return { value: { encoders: [...parseNames(encoders)], filters: [...parseNames(filters)] }, remember: true };
  });
  return { encoders: new Set(names.encoders), filters: new Set(names.filters) };
}

async function print({ tools, signal }: DetectOptions, argument: string): Promise<string> {
  const limits = { timeoutMs: 20_000, outputBytes: 1024 * 1024, signal };
  const run = await runTool(tools.ffmpeg, ['-hide_banner', argument], tools.env, limits);
  if (run.exitCode !== 0) {
    const said = run.stderr.slice(-300);
    throw new CodedError('CAPABILITY_MISSING', `Expected ${tools.ffmpeg} ${argument} to succeed, got: ${said}`);
  }
  return run.stdout;
}

const rememberedTrials = z.object({
  encodes: z.array(
    z.object({
      rung: z.enum(['qsv-full', 'qsv-encode', 'vaapi']),
      codec: z.enum(['h264', 'hevc', 'av1', 'vp9']),
      bitDepth: z.union([z.literal(8), z.literal(10)]),
      lowPower: z.boolean(),
    }),
  ),
  problem: z.string().optional(),
});

/** A device by trial encodes, remembered for the same build, kernel and driver. */
async function tryDevice(
  node: RenderNode,
  banner: string,
  encoders: ReadonlySet<string>,
  { tools, signal, cacheDir }: DetectOptions,
): Promise<{ readonly device: GpuDevice; readonly problem?: string | undefined }> {
  const driver = `${node.driver ?? 'unknown'} ${release()}`;
  const identity = ['trials', tools.ffmpeg, banner, node, driver, driverSettings(tools.env)];
  const { encodes, problem } = await rememberedOr(cacheDir, identity, rememberedTrials, async () => {
    const trials = await proveEncodes(node.node, encoders, tools, signal);
    // A device on which nothing works may only be busy or starting: it is tried again next time.
    return { value: { ...trials, encodes: [...trials.encodes] }, remember: trials.problem === undefined };
  });
  return { device: { node: node.node, driver, encodes }, problem };
}
