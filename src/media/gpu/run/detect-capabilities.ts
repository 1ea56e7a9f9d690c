import { readFile } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import type { EncoderBackend, FallbackReason } from '../../../model/status/result.ts';
import { pathExists } from '../../ffmpeg/run/path-exists.ts';
import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { driverSettings } from '../../ffmpeg/run/tool-environment.ts';
import { type Capabilities, type GpuDevice, rateControls } from '../capabilities.ts';
import type { DeviceTrials, NodeFacts } from '../device-facts.ts';
import type { DeviceOpening } from '../device-opening.ts';
import { parseFfmpegVersion, parseNames } from '../ffmpeg-lists.ts';
import { rememberedOr } from './disk-cache.ts';
import { openDevice } from './open-device.ts';
import { proveEncodes } from './prove-encodes.ts';
import {
  type DeviceFolders,
  listRenderNodes,
  noDeviceReason,
  openErrorOf,
  type RenderNode,
  systemFolders,
} from './render-nodes.ts';

export interface DetectOptions {
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
  /** Folder in which findings are remembered between processes; nothing is when absent. */
  readonly cacheDir?: string;
  readonly folders?: DeviceFolders;
  /** How long it counts that no GPU can be used, in milliseconds: a server need not be restarted when that was repaired. */
  readonly lookAgainMs?: number;
}

/** What a machine can do, and what was seen on the way. */
export interface Detection {
  readonly capabilities: Capabilities;
  readonly nodes: readonly NodeFacts[];
  /** What FFmpeg prints about itself. */
  readonly banner: string;
}

const oldest = [5, 1] as const;

interface SharedDetection {
  readonly found: Promise<Detection>;
  /** Ends its processes, once nobody waits for it any more. */
  readonly end: AbortController;
  waiting: number;
  /** When to look again, by the monotonic clock. */
  until: number;
}

const minute = 60_000;

/** Detections of this process by FFmpeg, its environment and folders: what a GPU can do does not change while a process runs. */
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
  const fresh = earlier !== undefined && performance.now() < earlier.until;
  const shared = fresh ? earlier : beginDetection(key, options, folders);
  return waitFor(shared, key, options.signal);
}

function beginDetection(key: string, options: DetectOptions, folders: DeviceFolders): SharedDetection {
  const end = new AbortController();
  // No one caller's signal ends it, since others may have come to wait for it.
  const shared = {
    found: detect({ ...options, signal: end.signal }, folders),
    end,
    waiting: 0,
    until: Number.POSITIVE_INFINITY,
  };
  known.set(key, shared);
  const { lookAgainMs = minute } = options;
  shared.found.then(
    ({ capabilities: { devices } }) => {
      if (devices.length === 0) shared.until = performance.now() + lookAgainMs;
    },
    // A failure may heal at once.
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
  const problems: FallbackReason[] = [];
  for (const node of listed) {
    const facts = node.problem === undefined ? await tryDevice(node, banner, encoders, options) : factsOf(node);
    nodes.push(facts);
    const problem = problemOf(facts);
    if (problem !== undefined) problems.push(problem);
  }
  const devices = nodes.flatMap(deviceOf);
  const noDevice = joined(problems) ?? noDeviceReason(listed, folders);
  const unavailable = unavailableBackends(nodes, devices, encoders, noDevice, options.tools.ffmpeg);
  const cpus = availableParallelism();
  return {
    capabilities: { ffmpegVersion: version, ffmpeg, encoders, filters, devices, unavailable, cpus },
    nodes,
    banner,
  };
}

/** Why nothing can be encoded on a node that was tried. */
function problemOf({ node, opening, trials }: NodeFacts): FallbackReason | undefined {
  if (opening?.vaError !== undefined)
    return { cause: 'device-not-opened', message: `${node} could not be opened: ${opening.vaError}` };
  if (trials === undefined || trials.encodes.length > 0) return undefined;
  if (opening?.sessionError !== undefined) return noSession(node, opening.sessionError);
  const why = trials.refused[0]?.said ?? 'FFmpeg has no encoder for it';
  return { cause: 'trial-failed', message: `every trial encode failed on ${node}: ${why}` };
}

function noSession(node: string, error: string): FallbackReason {
  return { cause: 'no-session', message: `no session on ${node}: ${error}` };
}

/** The problems of several nodes as one, with the cause of the first. */
function joined(problems: readonly FallbackReason[]): FallbackReason | undefined {
  const [first] = problems;
  return first && { cause: first.cause, message: problems.map(({ message }) => message).join('; ') };
}

function deviceOf({ node, driver, opening, trials }: NodeFacts): GpuDevice[] {
  const encodes = trials?.encodes ?? [];
  return encodes.length === 0 ? [] : [{ node, driver: driverText(driver, opening), encodes }];
}

/** `i915 6.12.0, Intel iHD driver … 25.2.3, VPL 2.14`. */
function driverText(driver: string | undefined, opening: DeviceOpening | undefined): string {
  const api = opening?.sessionApi;
  const parts = [
    `${driver ?? 'unknown'} ${release()}`,
    opening?.vaDriver,
    api === undefined ? undefined : `VPL ${api}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** One reason per backend that nothing on this machine can serve. */
function unavailableBackends(
  nodes: readonly NodeFacts[],
  devices: readonly GpuDevice[],
  encoders: ReadonlySet<string>,
  noDevice: FallbackReason,
  program: string,
): Capabilities['unavailable'] {
  const reasons: Partial<Record<EncoderBackend, FallbackReason>> = {};
  for (const backend of ['qsv-full', 'qsv-encode', 'vaapi'] as const) {
    const suffix = backend === 'vaapi' ? '_vaapi' : '_qsv';
    if (devices.length === 0) reasons[backend] = noDevice;
    else if (![...encoders].some((name) => name.endsWith(suffix))) {
      const message = `${program} was built without ${suffix.slice(1)} encoders`;
      reasons[backend] = { cause: 'capability-missing', message };
    } else if (!devices.some(({ encodes }) => encodes.some((encode) => encode.backend === backend))) {
      const refusal = nodes.find(({ opening }) => backend !== 'vaapi' && opening?.sessionError !== undefined);
      reasons[backend] =
        refusal === undefined
          ? {
              cause: 'trial-failed',
              message: `every trial encode failed on ${devices.map(({ node }) => node).join(', ')}`,
            }
          : noSession(refusal.node, refusal.opening?.sessionError ?? '');
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

const gpuEncode = z.object({
  backend: z.enum(['qsv-full', 'qsv-encode', 'vaapi']),
  codec: z.enum(['h264', 'hevc', 'av1', 'vp9']),
  bitDepth: z.union([z.literal(8), z.literal(10)]),
  lowPower: z.boolean(),
  rateControls: z.array(z.enum(rateControls)).exactOptional(),
});

const rememberedTrials = z.object({
  encodes: z.array(gpuEncode),
  refused: z.array(gpuEncode.extend({ said: z.string() })),
  lowPowerNeedsHuc: z.boolean(),
  hangs: z.boolean(),
}) satisfies z.ZodType<DeviceTrials>;

function factsOf({ accessError, problem: _problem, ...seen }: RenderNode): NodeFacts {
  return { ...seen, ...(accessError !== undefined && { openError: accessError }) };
}

/** A device by trial encodes. It is opened every time, so that what is remembered belongs to the drivers of this moment. */
async function tryDevice(
  node: RenderNode,
  banner: string,
  encoders: ReadonlySet<string>,
  { tools, signal, cacheDir }: DetectOptions,
): Promise<NodeFacts> {
  const quickSync = [...encoders].some((name) => name.endsWith('_qsv'));
  const opening = await openDevice(node.node, { quickSync }, tools, signal);
  const { vaDriverFile } = opening;
  const vaDriverThere = vaDriverFile !== undefined && (await pathExists(vaDriverFile));
  const facts = { ...factsOf(node), opening, ...(vaDriverFile !== undefined && { vaDriverThere }) };
  if (opening.vaError !== undefined) {
    const openError = await openErrorOf(node.node);
    return { ...facts, ...(openError !== undefined && { openError }) };
  }
  // Where no session opens no trial on Quick Sync can succeed.
  const worthTrying = new Set(
    [...encoders].filter((name) => opening.sessionError === undefined || !name.endsWith('_qsv')),
  );
  const machine = [release(), await bootId(), driverSettings(tools.env)];
  const { node: path, vendor, device, driver } = node;
  const identity = ['trials', tools.ffmpeg, banner, path, vendor, device, driver, machine, opening];
  const trials = await rememberedOr(cacheDir, identity, rememberedTrials, async () => {
    const value = await proveEncodes(path, worthTrying, tools, signal);
    // A device on which nothing works may only be busy or starting: it is tried again next time.
    return { value, remember: value.encodes.length > 0 && !value.hangs };
  });
  return { ...facts, trials };
}

/** Firmware and kernel parameters change with a restart. */
async function bootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
}
