import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { RenderJobSpec } from '../../src/model/job/render-job.ts';
import { stageSpecOf } from '../../src/model/job/stage.ts';
import { type StageResult, stageResult } from '../../src/model/status/result.ts';
import { workerEnvironment } from '../../src/worker-protocol/environment.ts';
import { runTool } from './run-tool.ts';

const bundle = fileURLToPath(new URL('../../dist/framewright.mjs', import.meta.url));
const build = fileURLToPath(new URL('../../scripts/build.ts', import.meta.url));
const report = z.object({ plan: z.object({ steps: z.array(z.object({ argv: z.array(z.string()) })) }) });

export interface WorkerRun {
  /** From the start of the process to its end. */
  readonly seconds: number;
  readonly result: StageResult;
  /** The published main output. */
  readonly output: string;
  /** Arguments of each FFmpeg process, and the scratch folder that they name. */
  readonly steps: readonly (readonly string[])[];
  readonly scratchDir: string;
}

/** Builds the program as it is shipped, which the runs then use. */
export async function buildWorker(): Promise<void> {
  await runTool(process.execPath, [build]);
}

/** Runs one real worker process on a job whose inputs lie under `mediaRoot`; outputs go to `folder`, under names of its attempt. */
export async function runWorker(
  spec: RenderJobSpec,
  mediaRoot: string,
  folder: string,
  attempt: number,
): Promise<WorkerRun> {
  // One folder for all runs, as on a server: what FFmpeg can do is looked up once and cached there.
  const objectsDir = join(folder, 'objects');
  await mkdir(objectsDir, { recursive: true });
  const scratchDir = join(folder, 'scratch');
  await rm(scratchDir, { recursive: true, force: true });
  await mkdir(scratchDir);
  const identity = {
    namespace: 'bench',
    name: 'bench',
    uid: '00000000-0000-4000-8000-000000000000',
    attempt,
    stage: 'render',
  };
  const resultFile = join(objectsDir, '.result.json');
  const env = {
    ...process.env,
    [workerEnvironment.stage]: JSON.stringify(stageSpecOf(spec, identity, { timeoutSeconds: 3600, stallSeconds: 120 })),
    [workerEnvironment.resultFile]: resultFile,
    [workerEnvironment.scratchDir]: scratchDir,
    [workerEnvironment.objectsDir]: objectsDir,
    [workerEnvironment.mediaRoot]: mediaRoot,
  };
  const began = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bundle, 'worker'], {
    env,
    stdio: 'ignore',
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  const exitCode = await promise;
  const seconds = (performance.now() - began) / 1000;
  const result = stageResult.parse(JSON.parse(await readFile(resultFile, 'utf8')));
  if (exitCode !== 0) throw new Error(`Expected the worker to succeed, got ${exitCode}: ${result.error?.message}`);
  const { plan } = report.parse(JSON.parse(await readFile(join(objectsDir, result.report ?? ''), 'utf8')));
  const key = result.outputs?.find(({ name }) => name === 'main')?.key ?? '';
  return { seconds, result, output: join(objectsDir, key), steps: plan.steps.map(({ argv }) => argv), scratchDir };
}
