import { availableParallelism, release } from 'node:os';
import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import type { Capabilities, GpuDevice } from '../capabilities.ts';
import type { NodeFacts } from '../device-facts.ts';
import { parseFfmpegVersion, parseNames } from '../ffmpeg-lists.ts';
import { unavailableBackends } from '../unavailable-backends.ts';
import { memoizeOnDisk } from './disk-cache.ts';
import { type DeviceFolders, listRenderNodes, noDeviceReason, systemFolders } from './render-nodes.ts';
import { factsOf, tryDevice } from './try-device.ts';

export interface DetectOptions {
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
  /** Folder in which results are kept between processes; none are kept when absent. */
  readonly cacheDir?: string;
  readonly folders?: DeviceFolders;
  /** After this many milliseconds without a usable GPU they are tried again: after a repair no restart is needed. */
  readonly retryMs?: number;
}

/** What a machine can do, and the facts that explain it. */
export interface Detection {
  readonly capabilities: Capabilities;
  readonly nodes: readonly NodeFacts[];
  /** What FFmpeg prints about itself. */
  readonly banner: string;
}

const oldest = [5, 1] as const;

interface SharedDetection {
  readonly found: Promise<Detection>;
  /** Ends its processes when no caller waits any longer. */
  readonly end: AbortController;
  waiting: number;
  /** Valid until then, by the monotonic clock. */
  until: number;
}

const minute = 60_000;

/** Detections of this process by FFmpeg, its environment and folders: what a GPU can do does not change during a process. */
const known = new Map<string, SharedDetection>();

/**
 * What the FFmpeg and the GPUs of this machine can do. Rejects with `CAPABILITY_MISSING` when FFmpeg is missing or older
 * than 5.1. A GPU encoder counts only when a short encode with it has succeeded: FFmpeg lists Quick Sync on any machine.
 */
export async function detectCapabilities(options: DetectOptions): Promise<Capabilities> {
  return (await detectMachine(options)).capabilities;
}

/** The same with the facts that explain it, for a diagnosis. */
export async function detectMachine(options: DetectOptions): Promise<Detection> {
  const { tools, folders = systemFolders } = options;
  const key = JSON.stringify([tools, folders]);
  options.signal.throwIfAborted();
  const earlier = known.get(key);
  const valid = earlier !== undefined && performance.now() < earlier.until;
  const shared = valid ? earlier : beginDetection(key, options, folders);
  return waitFor(shared, key, options.signal);
}

function beginDetection(key: string, options: DetectOptions, folders: DeviceFolders): SharedDetection {
  const end = new AbortController();
  // The signal of one caller does not end it: others may be waiting for it.
  const shared = {
    found: detect({ ...options, signal: end.signal }, folders),
    end,
    waiting: 0,
    until: Number.POSITIVE_INFINITY,
  };
  known.set(key, shared);
  const { retryMs = minute } = options;
  shared.found.then(
    ({ capabilities: { devices } }) => {
      if (devices.length === 0) shared.until = performance.now() + retryMs;
    },
    // The cause of a failure may be temporary.
    () => {
      if (known.get(key) === shared) known.delete(key);
    },
  );
  return shared;
}

/** The detection, or the signal's reason when that comes first. */
function waitFor(shared: SharedDetection, key: string, signal: AbortSignal): Promise<Detection> {
  shared.waiting += 1;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(asError(signal.reason));
      shared.waiting -= 1;
      if (shared.waiting > 0) return;
      if (known.get(key) === shared) known.delete(key);
      shared.end.abort(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    shared.found
      .then(resolve, (error: unknown) => reject(asError(error)))
      .finally(() => signal.removeEventListener('abort', leave));
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

async function detect(options: DetectOptions, folders: DeviceFolders): Promise<Detection> {
  const banner = await print(options, '-version');
  const { version, ffmpeg } = supported(banner);
  const { encoders, filters } = await listings(banner, options);
  const listed = await listRenderNodes(folders);
  const nodes: NodeFacts[] = [];
  for (const node of listed) {
    nodes.push(node.problem === undefined ? await tryDevice(node, { ...options, banner, encoders }) : factsOf(node));
  }
  const devices = nodes.flatMap(deviceOf);
  const noDevice = noDeviceReason(listed, folders);
  const unavailable = unavailableBackends({ nodes, devices, encoders, noDevice, program: options.tools.ffmpeg });
  const cpus = availableParallelism();
  return {
    capabilities: { ffmpegVersion: version, ffmpeg, encoders, filters, devices, unavailable, cpus },
    nodes,
    banner,
  };
}

function deviceOf({ node, driver, opening, trials }: NodeFacts): GpuDevice[] {
  const encodes = trials?.encodes ?? [];
  return encodes.length === 0 ? [] : [{ node, driver: driverText({ driver, opening }), encodes }];
}

/** `i915 6.12.0, Intel iHD driver … 25.2.3, VPL 2.14`. */
function driverText({ driver, opening }: { [K in 'driver' | 'opening']: NodeFacts[K] | undefined }): string {
  const kernel = `${driver ?? 'unknown'} ${release()}`;
  const api = opening?.sessionApi;
  const parts = [kernel, opening?.vaDriver, api === undefined ? undefined : `VPL ${api}`];
  return parts.filter((part) => part !== undefined).join(', ');
}

function supported(banner: string): ReturnType<typeof parseFfmpegVersion> {
  const parsed = parseFfmpegVersion(banner);
  const [major, minor] = parsed.ffmpeg;
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new CodedError('CAPABILITY_MISSING', `Expected FFmpeg ${oldest.join('.')} or later, got ${parsed.version}`);
  }
  return parsed;
}

const cachedNames = z.object({ encoders: z.array(z.string()), filters: z.array(z.string()) });

/** Encoders and filters by name; cached per banner, which contains version and configuration of the build. */
async function listings(
  banner: string,
  options: DetectOptions,
): Promise<{ readonly encoders: ReadonlySet<string>; readonly filters: ReadonlySet<string> }> {
  const identity = ['names', options.tools.ffmpeg, banner];
  const names = await memoizeOnDisk(options.cacheDir, identity, cachedNames, async () => {
    const [encoders, filters] = await Promise.all([print(options, '-encoders'), print(options, '-filters')]);
    return { value: { encoders: [...parseNames(encoders)], filters: [...parseNames(filters)] }, keep: true };
  });
  return { encoders: new Set(names.encoders), filters: new Set(names.filters) };
}

async function print({ tools, signal }: DetectOptions, argument: string): Promise<string> {
  const limits = { timeoutMs: 20_000, outputBytes: 1024 * 1024, signal };
  const run = await runTool(tools.ffmpeg, ['-hide_banner', argument], tools.env, limits);
  if (run.exitCode !== 0) {
    const log = run.stderr.slice(-300);
    throw new CodedError('CAPABILITY_MISSING', `Expected ${tools.ffmpeg} ${argument} to succeed, got: ${log}`);
  }
  return run.stdout;
}
