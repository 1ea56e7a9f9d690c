import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { MediaTools } from '../../src/media/ffmpeg/run/run-tool.ts';
import { detectCapabilities } from '../../src/media/gpu/run/detect-capabilities.ts';
import type { Plan } from '../../src/media/planning/plan.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { EncoderBackend, StageResult } from '../../src/model/status/result.ts';
import { workerEnvironment } from '../../src/worker-protocol/environment.ts';
import type { Faults, SoftwareGpu, SoftwareGpus } from './software-gpu.ts';
import type { TraceEvent } from './software-gpu-trace.ts';
import { type Bench, createBench, stageOf } from './worker-harness.ts';

export type EncodingBackend = Exclude<EncoderBackend, 'copy'>;

/** What came of a job that a worker process ran. */
export interface WorkerRun {
  readonly status: number | null;
  readonly result: StageResult;
  /** Published outputs by their names: local paths. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Keys of everything that was published, but the report. */
  readonly published: readonly string[];
  /** The plan that was run, from the report. */
  readonly plan: Plan | undefined;
  /** What reached the runtime. */
  readonly trace: readonly TraceEvent[];
}

/** Worker processes on one GPU, whose trial encodes are made once. */
export interface BackendBench {
  readonly gpu: SoftwareGpu;
  /**
   * Runs a job whose best backend is this one: the memory of the trials says that better ones have failed. On a GPU backend
   * acceleration is `Required`, and on `software` the worker has a program that sees no GPU.
   */
  run(backend: EncodingBackend, spec: Partial<StageSpec>): Promise<WorkerRun>;
  /** Runs a job on a GPU that passed its trials on these backends and has these faults only then. */
  runWithFaults(faults: Faults, backends: readonly GpuBackend[], spec: Partial<StageSpec>): Promise<WorkerRun>;
  /** Runs a job on a machine without any render node. */
  runWithoutNode(spec: Partial<StageSpec>): Promise<WorkerRun>;
  close(): Promise<void>;
}

export const gpuBackends = ['qsv-full', 'qsv-encode', 'vaapi'] as const;
type GpuBackend = (typeof gpuBackends)[number];

const reported = z.object({ plan: z.custom<Plan>((value) => typeof value === 'object' && value !== null).optional() });

/**
 * @param assets Folder of files that jobs name as assets.
 * @param faults Those that the GPU has while the trials are made, and keeps.
 */
export async function createBackendBench(
  gpus: SoftwareGpus,
  dir: string,
  assets: string,
  faults: Faults = {},
): Promise<BackendBench> {
  const gpu = await gpus.create(dir, faults);
  const memory = join(dir, 'trials');
  const signal = new AbortController().signal;
  await detectCapabilities({ tools: gpu.tools, folders: gpu.folders, signal, cacheDir: memory });
  const benches = new Map<string, Bench>();
  let runs = 0;

  const benchOf = async (backends: readonly GpuBackend[]): Promise<Bench> => {
    const key = backends.join();
    const known = benches.get(key);
    if (known !== undefined) return known;
    const bench = await createBench();
    benches.set(key, bench);
    await cp(assets, bench.objects, { recursive: true });
    await copyTrials(memory, join(bench.objects, '.capabilities'), backends);
    return bench;
  };

  const run = async (
    backends: readonly GpuBackend[],
    spec: Partial<StageSpec>,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<WorkerRun> => {
    const bench = await benchOf(backends);
    await Promise.all([gpu.forget(), rm(bench.resultFile, { force: true })]);
    runs += 1;
    const uid = `run${runs}`;
    const stage = stageOf({
      identity: { namespace: 'default', name: 'job', uid, attempt: 1, stage: 'render' },
      ...spec,
    });
    const { ended } = bench.start(stage, { ...environmentOf(gpu), ...environment });
    const status = await ended;
    const result = bench.result();
    const report = result.report === undefined ? '{}' : await readFile(join(bench.objects, result.report), 'utf8');
    await rm(bench.scratch, { recursive: true });
    await mkdir(bench.scratch);
    const names = await readdir(bench.objects);
    return {
      status,
      result,
      outputs: new Map((result.outputs ?? []).map(({ name, key }) => [name, join(bench.objects, key)])),
      published: names.filter((name) => name.startsWith(`${uid}-`) && name !== result.report),
      plan: reported.parse(JSON.parse(report)).plan,
      trace: await gpu.trace(),
    };
  };

  return {
    gpu,
    run: (backend, spec) =>
      backend === 'software'
        ? run([], { acceleration: 'Disabled', ...spec }, programsOf(gpus.plain))
        : run(gpuBackends.slice(gpuBackends.indexOf(backend)), { acceleration: 'Required', ...spec }),
    async runWithFaults(now, backends, spec) {
      await gpu.become(now);
      try {
        return await run(backends, spec);
      } finally {
        await gpu.become(faults);
      }
    },
    async runWithoutNode(spec) {
      const empty = join(dir, 'no-nodes');
      await mkdir(empty, { recursive: true });
      return run([], spec, { [workerEnvironment.driDir]: empty });
    },
    close: async () => {
      for (const bench of benches.values()) await bench.close();
    },
  };
}

function environmentOf({ tools, folders }: SoftwareGpu): Record<string, string> {
  return {
    ...programsOf(tools),
    [workerEnvironment.driDir]: folders.dri,
    [workerEnvironment.drmClassDir]: folders.drmClass,
  };
}

function programsOf({ ffmpeg, ffprobe }: MediaTools): Record<string, string> {
  return { [workerEnvironment.ffmpeg]: ffmpeg, [workerEnvironment.ffprobe]: ffprobe };
}

const trials = z.looseObject({ encodes: z.array(z.looseObject({ backend: z.string() })) });

/** Copies the cached results of trials, with the encodes of these backends only. */
async function copyTrials(from: string, to: string, backends: readonly GpuBackend[]): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const text = await readFile(join(from, name), 'utf8');
    const found = trials.safeParse(JSON.parse(text));
    const kept = found.success && {
      ...found.data,
      encodes: found.data.encodes.filter(({ backend }) => backends.some((one) => one === backend)),
    };
    await writeFile(join(to, name), kept === false ? text : JSON.stringify(kept));
  }
}
