import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { Progress } from '../../src/model/status/progress.ts';
import { type StageResult, stageResult } from '../../src/model/status/result.ts';
import { workerEnvironment } from '../../src/worker-protocol/environment.ts';
import { eventually } from './eventually.ts';
import { patternClip } from './test-clip.ts';

export const mainFile = join(import.meta.dirname, '../../src/main.ts');
export const stuckFfmpeg = join(import.meta.dirname, '../fixtures/stuck-ffmpeg.sh');

/** A data folder and the workers that were started on it. */
export interface Bench {
  readonly dir: string;
  readonly objects: string;
  readonly mediaRoot: string;
  readonly scratch: string;
  readonly resultFile: string;
  /** Variables for a worker that runs this stage. */
  environment(spec: StageSpec, extra?: Record<string, string>): Record<string, string>;
  start(spec: StageSpec, extra?: Record<string, string>): RunningWorker;
  /** Published keys of outputs, without inputs and reports. */
  published(): Promise<string[]>;
  result(): StageResult;
  close(): Promise<void>;
}

interface RunningWorker {
  readonly child: ChildProcess;
  readonly progress: { readonly sequence: number; readonly progress: Progress }[];
  readonly ended: Promise<number | null>;
  /** Resolves when a message satisfies the condition; rejects when the worker ends first. */
  until(condition: (progress: Progress) => boolean): Promise<void>;
}

const message = z.object({
  type: z.literal('progress'),
  message: z.object({
    sequence: z.int(),
    progress: z.custom<Progress>((value) => typeof value === 'object' && value !== null),
  }),
});

export async function createBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'fw-worker-'));
  const objects = join(dir, 'objects');
  const mediaRoot = join(dir, 'media');
  const scratch = join(dir, 'run', 'scratch');
  const resultFile = join(dir, 'run', 'result.json');
  for (const folder of [objects, mediaRoot, scratch]) await mkdir(folder, { recursive: true });
  const children: ChildProcess[] = [];

  const environment: Bench['environment'] = (spec, extra = {}) => ({
    PATH: process.env['PATH'] ?? '',
    [workerEnvironment.stage]: JSON.stringify(spec),
    [workerEnvironment.resultFile]: resultFile,
    [workerEnvironment.scratchDir]: scratch,
    [workerEnvironment.objectsDir]: objects,
    [workerEnvironment.mediaRoot]: mediaRoot,
    [workerEnvironment.logLevel]: 'silent',
    ...extra,
  });

  return {
    dir,
    objects,
    mediaRoot,
    scratch,
    resultFile,
    environment,
    start(spec, extra) {
      const child = fork(mainFile, ['worker'], {
        env: environment(spec, extra),
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      children.push(child);
      return follow(child);
    },
    async published() {
      const names = await readdir(objects);
      return names.filter((name) => name.startsWith('uid-')).toSorted();
    },
    result: () => stageResult.parse(JSON.parse(readFileSync(resultFile, 'utf8'))),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcess): RunningWorker {
  const progress: { sequence: number; progress: Progress }[] = [];
  const ended = once(child, 'exit').then(() => child.exitCode);
  child.on('message', (received: Serializable) => progress.push(message.parse(received).message));
  const until: RunningWorker['until'] = (condition) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (progress.some((message) => condition(message.progress))) resolve();
      };
      child.on('message', look);
      look();
      void ended.then((status) => reject(new Error(`Expected more progress, got the end with status ${status}`)));
    });
  return { child, progress, ended, until };
}

/** A stage on the asset `clip.mp4` that does nothing but encode it again. */
export function stageOf(spec: Partial<StageSpec> = {}): StageSpec {
  return {
    version: 1,
    identity: { namespace: 'default', name: 'job', uid: 'uid', attempt: 1, stage: 'render' },
    inputs: [{ name: 'main', asset: 'clip.mp4' }],
    operations: [{ transcode: { force: true } }],
    output: { video: { preset: 'performance' } },
    acceleration: 'Preferred',
    timeoutSeconds: 600,
    stallSeconds: 30,
    ...spec,
  };
}

/** Copies a clip of the cache with moving video and a tone. */
export async function makeClip(path: string, seconds: number, size = '320x180', audio = true): Promise<void> {
  await copyFile(await patternClip({ seconds, size, audio }), path);
}

/** Process ids of the children of a process. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** Resolves once a process is gone; zombies count as gone. */
export async function untilGone(pid: number): Promise<void> {
  const running = () => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  const check = () => {
    if (running()) throw new Error(`Expected process ${pid} to end`);
  };
  await eventually(check, { withinMs: 60_000, everyMs: 50 });
}
