import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { toolEnvironment } from '../../src/media/ffmpeg/run/tool-environment.ts';
import { parseLoudness } from '../../src/media/filters/run/measure-loudness.ts';
import type { Capabilities } from '../../src/media/gpu/capabilities.ts';
import { detectCapabilities } from '../../src/media/gpu/run/detect-capabilities.ts';
import { packageStream } from '../../src/media/packaging/run/package-stream.ts';
import type { LoudnessMeasurement, Plan, PlannedOutput } from '../../src/media/planning/plan.ts';
import { planStage, probeRequests } from '../../src/media/planning/planner.ts';
import type { Probe } from '../../src/media/probe/probe.ts';
import { probeCut } from '../../src/media/probe/run/probe-cut.ts';
import { probeFile } from '../../src/media/probe/run/probe-file.ts';
import { checkSplice } from '../../src/media/smart-cut/run/check-splice.ts';
import { joinSmartCut } from '../../src/media/smart-cut/run/join-smart-cut.ts';
import type { Operation } from '../../src/model/job/operations.ts';
import type { Output } from '../../src/model/job/output.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import { cachedClip } from './cached-clip.ts';

const run = promisify(execFile);
const tools = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', env: toolEnvironment(process.env) };
/** The fixed arguments of the process contract. */
const fixed = ['-hide_banner', '-nostdin', '-nostats', '-v', 'warning', '-xerror', '-y'];
const maxBuffer = 1 << 30;

/** Runs ffmpeg; answers what it said on stderr. Rejects with its words when it fails. */
export async function ffmpeg(...argv: readonly string[]): Promise<string> {
  const { stderr } = await run('ffmpeg', [...fixed, ...argv], { maxBuffer });
  return stderr;
}

async function bytes(...argv: readonly string[]): Promise<Buffer> {
  const { stdout } = await run('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', ...argv, '-'], {
    maxBuffer,
    encoding: 'buffer',
  });
  return stdout;
}

/** A folder that is removed at the end of the test file: `await using dir = await scratch()`. */
export async function scratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'media-'));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}

export interface ClipOptions {
  readonly seconds?: number;
  readonly size?: string;
  readonly rate?: string;
  /** A lavfi video source without its size, rate and duration. */
  readonly video?: string | false;
  /** Expression of the audio for lavfi's aevalsrc, or false for none. */
  readonly audio?: string | false;
  readonly sampleRate?: number;
  readonly channels?: 'mono' | 'stereo' | '5.1';
  readonly args?: readonly string[];
}

/** Lossless, so that frames and samples can be compared bit by bit. */
export const lossless = ['-c:v', 'libx264', '-qp', '0', '-preset', 'ultrafast', '-c:a', 'flac', '-pix_fmt', 'yuv420p'];
const lossy = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-bf', '2', '-c:a', 'aac', '-pix_fmt', 'yuv420p'];

function clipArguments(options: ClipOptions): string[] {
  const {
    seconds = 4,
    size = '320x180',
    rate = '30',
    video = 'testsrc2',
    sampleRate = 48_000,
    channels = 'stereo',
  } = options;
  const voices = { mono: 1, stereo: 2, '5.1': 6 }[channels];
  const tone = options.audio ?? '0.3*sin(2*PI*440*t)';
  const expressions = Array.from({ length: voices }, () => tone || '0').join('|');
  return [
    ...(video === false
      ? []
      : ['-f', 'lavfi', '-i', `${video}${video.includes('=') ? ':' : '='}s=${size}:r=${rate}:d=${seconds}`]),
    ...(tone === false
      ? []
      : ['-f', 'lavfi', '-i', `aevalsrc='${expressions}':s=${sampleRate}:d=${seconds}:c=${channels}`]),
    ...(options.args ?? lossy),
  ];
}

/**
 * The path of a small clip from the cache, which tests do not change: 320x180, 30 frames per second, every frame
 * different, a tone with a slow swell.
 */
export async function clipOf(options: ClipOptions = {}, extension = 'mp4'): Promise<string> {
  return cachedClip(clipArguments(options), extension);
}

/** Copies a clip of the cache to a path whose name decides its container. */
export async function makeClip(path: string, options: ClipOptions = {}): Promise<string> {
  await copyFile(await clipOf(options, extname(path).slice(1)), path);
  return path;
}

export async function probe(path: string, keyframesNear?: readonly number[]): Promise<Probe> {
  const playlist = path.endsWith('.m3u8');
  return probeFile(path, {
    tools,
    playlist,
    signal: AbortSignal.timeout(60_000),
    ...(keyframesNear && { keyframesNear }),
  });
}

/** Every frame as grey bytes, one buffer per frame. */
export async function grayFrames(path: string, width = 320, height = 180): Promise<Buffer[]> {
  const raw = await bytes(
    '-i',
    path,
    '-map',
    '0:v:0',
    '-fps_mode',
    'passthrough',
    '-vf',
    `scale=${width}:${height}`,
    '-pix_fmt',
    'gray',
    '-f',
    'rawvideo',
  );
  const size = width * height;
  return Array.from({ length: Math.floor(raw.length / size) }, (_, index) =>
    raw.subarray(index * size, (index + 1) * size),
  );
}

/** MD5 of every decoded frame. */
export async function frameHashes(path: string): Promise<string[]> {
  const text = (await bytes('-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5')).toString();
  return text
    .split('\n')
    .flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.split(',').at(-1)?.trim() ?? '']));
}

/** Decoded samples of the first channel, from -1 to 1. */
export async function samples(path: string, sampleRate?: number): Promise<Float32Array> {
  const rate = sampleRate === undefined ? [] : ['-ar', String(sampleRate)];
  const raw = await bytes('-i', path, '-map', '0:a:0', '-af', 'pan=mono|c0=c0', ...rate, '-f', 'f32le');
  return new Float32Array(new Uint8Array(raw).buffer);
}

/** Root mean square of samples between two moments in seconds. */
export function level(signal: Float32Array, from: number, to: number, sampleRate = 48_000): number {
  const part = signal.subarray(Math.round(from * sampleRate), Math.round(to * sampleRate));
  return Math.sqrt(part.reduce((total, value) => total + value * value, 0) / Math.max(1, part.length));
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function* pixels({ x, y, width, height }: Rectangle): Generator<readonly [number, number]> {
  for (let row = y; row < y + height; row += 1)
    for (let column = x; column < x + width; column += 1) yield [column, row];
}

function present(frame: Buffer | undefined): Buffer {
  if (frame === undefined) throw new Error('Expected a frame, but the clip is shorter than the test assumes');
  return frame;
}

/** Mean difference of neighbouring pixels in a part of a grey frame: how much detail there is. */
export function detail(frame: Buffer | undefined, part: Rectangle, stride = 320): number {
  const image = present(frame);
  let total = 0;
  for (const [x, y] of pixels(part)) total += Math.abs((image[y * stride + x] ?? 0) - (image[y * stride + x + 1] ?? 0));
  return total / (part.width * part.height);
}

/** Mean difference of two grey frames in a part. */
export function difference(a: Buffer | undefined, b: Buffer | undefined, part: Rectangle, stride = 320): number {
  const [left, right] = [present(a), present(b)];
  let total = 0;
  for (const [x, y] of pixels(part)) total += Math.abs((left[y * stride + x] ?? 0) - (right[y * stride + x] ?? 0));
  return total / (part.width * part.height);
}

/** Mean brightness of a part of a grey frame. */
export function brightness(frame: Buffer | undefined, part: Rectangle, stride = 320): number {
  const image = present(frame);
  let total = 0;
  for (const [x, y] of pixels(part)) total += image[y * stride + x] ?? 0;
  return total / (part.width * part.height);
}

let detected: Promise<Capabilities> | undefined;

/** What the FFmpeg of this machine can do, without any GPU. */
async function capabilities(): Promise<Capabilities> {
  detected ??= detectCapabilities({ tools, signal: AbortSignal.timeout(60_000) }).then((found) => ({
    ...found,
    devices: [],
  }));
  return detected;
}

export interface Job {
  /** Paths by names of inputs; the first is the start of the timeline. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly operations?: readonly Operation[];
  readonly output?: Output;
}

function stageSpec(inputs: readonly string[], operations: readonly Operation[] = [], output: Output = {}): StageSpec {
  return {
    version: 1,
    identity: { namespace: 'default', name: 'job', uid: 'uid', attempt: 1, stage: 'render' },
    inputs: inputs.map((name) => ({ name, file: `${name}.mp4` })),
    operations: [...operations],
    output,
    acceleration: 'Disabled',
    timeoutSeconds: 600,
    stallSeconds: 60,
  };
}

export interface Rendered {
  readonly plan: Plan;
  /** Measured loudness by the ids of the analyses. */
  readonly measurements: Readonly<Record<string, LoudnessMeasurement>>;
  readonly output: (name?: string) => PlannedOutput;
  readonly path: (name?: string) => string;
}

/** Probes, plans until nothing is left to measure, and runs a job under a folder. */
export async function render(dir: string, job: Job): Promise<Rendered> {
  const names = Object.keys(job.inputs);
  const spec = stageSpec(names, job.operations, job.output);
  const probes = new Map<string, Probe>();
  for (const { input, keyframesAround, cut: range } of probeRequests(spec)) {
    const found = await probe(job.inputs[input] ?? '', keyframesAround);
    const cut = range && (await probeCut(found, range, { tools, signal: AbortSignal.timeout(60_000) }));
    probes.set(input, { ...found, ...(cut && { cut }) });
  }
  const scratchDir = await mkdtemp(join(dir, 'run-'));
  const measurements: Record<string, LoudnessMeasurement> = {};
  const draw = async (): Promise<Plan> =>
    planStage({ spec, probes, capabilities: await capabilities(), scratchDir, measurements });
  let plan = await draw();
  for (let round = 0; plan.analyses.length > 0 && round < 8; round += 1) {
    await writeFiles(plan);
    for (const { id, argv } of plan.analyses) measurements[id] = parseLoudness(await ffmpeg(...argv));
    plan = await draw();
  }
  await runPlan(plan);
  const output = (name = plan.outputs[0]?.name): PlannedOutput => {
    const found = plan.outputs.find((candidate) => candidate.name === name);
    if (found === undefined)
      throw new Error(`Expected an output named ${name}, got ${plan.outputs.map((one) => one.name).join(', ')}`);
    return found;
  };
  return { plan, measurements, output, path: (name) => output(name).path };
}

async function writeFiles({ files }: Plan): Promise<void> {
  for (const { path, content } of files) await writeFile(path, content);
}

/** Runs the processes of a plan; answers what each said on stderr. */
async function runPlan(plan: Plan): Promise<string[]> {
  await writeFiles(plan);
  const said: string[] = [];
  for (const { argv, join: pieces } of plan.steps) {
    if (pieces !== undefined) {
      await joinSmartCut(pieces, AbortSignal.timeout(60_000));
      await checkSplice(pieces, tools, AbortSignal.timeout(60_000));
    }
    said.push(await ffmpeg(...argv));
  }
  if (plan.stream !== undefined) await packageStream(plan.stream, AbortSignal.timeout(60_000));
  return said;
}
