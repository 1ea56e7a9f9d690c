import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryStore } from '../../src/adapters/object-store/directory-store.ts';
import { AddressGuard } from '../../src/adapters/sources/address-guard.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { StageResult } from '../../src/model/status/result.ts';
import { runWorker } from '../../src/worker/main.ts';
import { runStage } from '../../src/worker/run-stage.ts';
import { createStageLog } from '../../src/worker/stage-log.ts';
import { capabilitiesWith, qsvBackends } from './backend-jobs.ts';
import type { SoftwareGpu, SoftwareGpus } from './software-gpu.ts';
import type { Bench } from './worker-harness.ts';

export interface WorkerRun {
  readonly status: number;
  readonly result: StageResult;
  /** Published keys of outputs. */
  readonly keys: readonly string[];
  /** The full report as text. */
  readonly report: string;
  /** Path of a published output. */
  readonly path: (name?: string) => string;
}

/**
 * Runs a stage with the worker itself, from its environment to its result file, in this process: a process of its own
 * costs a second that only tests of processes need.
 */
export async function runWorkerOn(
  bench: Bench,
  spec: StageSpec,
  extra: Readonly<Record<string, string>> = {},
): Promise<WorkerRun> {
  const status = await runWorker({
    env: bench.environment(spec, { ...extra }),
    clock: systemClock,
    signal: new AbortController().signal,
    send: () => undefined,
  });
  const result = bench.result();
  return {
    status,
    result,
    keys: await bench.published(),
    report: result.report === undefined ? '' : await readFile(join(bench.objects, result.report), 'utf8'),
    path: (name = result.outputs?.[0]?.name) => {
      const output = result.outputs?.find((one) => one.name === name);
      if (output === undefined) {
        throw new Error(`Expected an output named ${name}, got ${JSON.stringify(result.error ?? result.outputs)}`);
      }
      return join(bench.objects, output.key);
    },
  };
}

/** A stage on a GPU of the stand-in whose trial encodes have all succeeded; they would take half a minute. */
export async function runStageOn(
  bench: Bench,
  spec: StageSpec,
  gpus: SoftwareGpus,
  gpu: SoftwareGpu,
  backends: readonly (typeof qsvBackends)[number][] = qsvBackends,
): Promise<StageResult> {
  const store = new DirectoryStore({ dir: bench.objects });
  const guard = new AddressGuard({ hosts: ['*'], allowedRanges: [] });
  return runStage(spec, {
    store,
    sources: { store, guard, maxInputBytes: 1e9, mediaRoot: bench.mediaRoot },
    tools: gpu.tools,
    scratchDir: bench.scratch,
    clock: systemClock,
    signal: new AbortController().signal,
    detect: () => capabilitiesWith(gpus, gpu, backends),
    reporter: { report: () => undefined },
    log: createStageLog('silent'),
  });
}
