import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../src/errors/coded-error.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { runFfmpeg } from '../../src/media/ffmpeg/run/ffmpeg-process.ts';
import { type MediaTools, runTool } from '../../src/media/ffmpeg/run/run-tool.ts';
import type { Capabilities, GpuEncode } from '../../src/media/gpu/capabilities.ts';
import { detectCapabilities } from '../../src/media/gpu/run/detect-capabilities.ts';
import type { Plan } from '../../src/media/planning/plan.ts';
import { planStage, probeRequests } from '../../src/media/planning/planner.ts';
import type { Probe } from '../../src/media/probe/probe.ts';
import { probeFile } from '../../src/media/probe/run/probe-file.ts';
import type { Operation } from '../../src/model/job/operations.ts';
import type { Output } from '../../src/model/job/output.ts';
import type { FallbackReason } from '../../src/model/status/result.ts';
import { isRealGpu, skipOnRealGpu } from './real-gpu.ts';
import type { SoftwareGpu, SoftwareGpus } from './software-gpu.ts';

export const qsvBackends = ['qsv-full', 'qsv-encode'] as const;
type QsvBackend = (typeof qsvBackends)[number];

export interface BackendJob {
  readonly input: string;
  readonly operations?: readonly Operation[];
  readonly output: Output;
}

export interface BackendResult {
  readonly plan: Plan;
  readonly path: string;
  readonly probe: Probe;
}

const signal = new AbortController().signal;

const leftOut: FallbackReason = { cause: 'target-unsupported', message: 'left out by the test' };

/** What a machine with the stand-in can do when every trial encode has succeeded: made here, to save the trials' time. */
export async function capabilitiesWith(
  gpus: SoftwareGpus,
  gpu: SoftwareGpu,
  backends: readonly QsvBackend[],
): Promise<Capabilities> {
  if (isRealGpu()) return capabilitiesOfReal(gpu, backends);
  const folders = { dri: join(gpu.folders.dri, 'none'), drmClass: join(gpu.folders.drmClass, 'none') };
  const found = await detectCapabilities({ tools: gpus.plain, folders, signal });
  const combinations = (['h264', 'hevc', 'av1', 'vp9'] as const).flatMap((codec) =>
    (codec === 'h264' ? ([8] as const) : ([8, 10] as const)).map((bitDepth) => ({ codec, bitDepth })),
  );
  const encodes = backends.flatMap((backend) =>
    combinations.map((combination): GpuEncode => ({ backend, ...combination, lowPower: true })),
  );
  const unavailable: Partial<Record<QsvBackend, FallbackReason>> = {};
  for (const backend of qsvBackends) if (!backends.includes(backend)) unavailable[backend] = leftOut;
  const device = { node: gpu.node, driver: 'i915', encodes };
  return { ...found, devices: [device], unavailable };
}

/** What trial encodes on a real GPU have shown for these backends. */
async function capabilitiesOfReal(
  { tools, folders, node }: SoftwareGpu,
  backends: readonly QsvBackend[],
): Promise<Capabilities> {
  const found = await detectCapabilities({ tools, folders, signal });
  const left = new Set<string>(backends);
  const devices = found.devices
    .filter((device) => device.node === node)
    .map((device) => ({ ...device, encodes: device.encodes.filter(({ backend }) => left.has(backend)) }));
  if (devices.length === 0)
    skipOnRealGpu(`${node} cannot be used: ${found.unavailable['qsv-encode']?.message ?? 'no reason given'}`);
  const unavailable = { ...found.unavailable };
  for (const backend of qsvBackends) if (!left.has(backend)) unavailable[backend] = leftOut;
  return { ...found, devices, unavailable };
}

/** The same FFmpeg without a GPU. */
export async function capabilitiesWithout(gpus: SoftwareGpus, dir: string): Promise<Capabilities> {
  const folders = { dri: join(dir, 'none'), drmClass: join(dir, 'none') };
  return detectCapabilities({ tools: gpus.plain, folders, signal });
}

/** Probes, plans and runs a job with the programs of one backend; `Required` on a GPU, `Disabled` without. */
export async function renderWith(
  tools: MediaTools,
  capabilities: Capabilities,
  dir: string,
  { input, operations = [], output }: BackendJob,
): Promise<BackendResult> {
  const spec = {
    version: 1 as const,
    identity: { namespace: 'default', name: 'job', uid: 'uid', attempt: 1, stage: 'render' as const },
    inputs: [{ name: 'main', file: 'main.mp4' }],
    operations: [...operations],
    output,
    acceleration: capabilities.devices.length > 0 ? ('Required' as const) : ('Disabled' as const),
    timeoutSeconds: 600,
    stallSeconds: 60,
  };
  const probes = new Map<string, Probe>();
  for (const { input: name, keyframesAround } of probeRequests(spec)) {
    const near = keyframesAround === undefined ? {} : { keyframesNear: keyframesAround };
    probes.set(name, await probeFile(input, { tools, signal, ...near }));
  }
  const scratchDir = await mkdtemp(join(dir, 'run-'));
  const plan = planOrSkip(() => planStage({ spec, probes, capabilities, scratchDir }));
  for (const { path, content } of plan.files) await writeFile(path, content);
  for (const { argv } of plan.steps) {
    const { ffmpeg } = capabilities;
    const clock = systemClock;
    const run = {
      program: tools.ffmpeg,
      env: tools.env,
      argv,
      backend: plan.backend,
      ffmpeg,
      clock,
      signal,
      stallSeconds: 60,
    };
    const { ignoredOptions, stderr } = await runFfmpeg(run);
    if (ignoredOptions.length > 0) throw new Error(`Expected every option to be used, got: ${stderr}`);
  }
  const path = plan.outputs[0]?.path ?? '';
  return { plan, path, probe: await probeFile(path, { tools, signal }) };
}

/** A real GPU need not encode what a test asks of it. */
function planOrSkip(plan: () => Plan): Plan {
  try {
    return plan();
  } catch (error) {
    if (isRealGpu() && error instanceof CodedError && error.code === 'GPU_UNAVAILABLE') skipOnRealGpu(error.message);
    throw error;
  }
}

/** Peak signal-to-noise ratio of the frames of two files in dB, and how many frames of them were compared. */
export async function psnr(
  tools: MediaTools,
  a: string,
  b: string,
): Promise<{ readonly dB: number; readonly frames: number }> {
  // One frame by the other in their order: time stamps of containers are rounded differently.
  const align = 'settb=1/1000,setpts=N,format=yuv420p10le';
  const graph = `[0:v]${align}[a];[1:v]${align}[b];[a][b]psnr=shortest=0:repeatlast=0:stats_file=-`;
  const argv = ['-hide_banner', '-nostdin', '-v', 'info', '-i', a, '-i', b, '-lavfi', graph, '-f', 'null', '-'];
  const run = await runTool(tools.ffmpeg, argv, tools.env, { timeoutMs: 60_000, outputBytes: 1024 * 1024, signal });
  const average = /average:(inf|[\d.]+)/.exec(
    run.stderr.split('\n').findLast((line) => line.includes('PSNR')) ?? '',
  )?.[1];
  if (average === undefined) throw new Error(`Expected a PSNR, got: ${run.stderr}`);
  const frames = run.stdout.split('\n').filter((line) => line.startsWith('n:')).length;
  return { dB: average === 'inf' ? Number.POSITIVE_INFINITY : Number(average), frames };
}

/** Number of video packets, counted. */
export async function countFrames(tools: MediaTools, path: string): Promise<number> {
  const argv = ['-v', 'error', '-count_packets', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_packets'];
  const limits = { timeoutMs: 60_000, outputBytes: 1024, signal };
  const run = await runTool(tools.ffprobe, [...argv, '-of', 'csv=p=0', path], tools.env, limits);
  return Number(run.stdout.trim().replaceAll(',', ''));
}
