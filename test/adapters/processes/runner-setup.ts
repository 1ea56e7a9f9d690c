import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InProcessBus } from '../../../src/adapters/in-process/in-process-bus.ts';
import type { LogLimits } from '../../../src/adapters/processes/bounded-log.ts';
import { ProcessRunner } from '../../../src/adapters/processes/process-runner.ts';
import { type DataDirectory, openDataDirectory } from '../../../src/adapters/sqlite/data-directory.ts';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';

const fakeWorker = fileURLToPath(import.meta.resolve('../../fixtures/fake-worker.ts'));

/** A process runner with the fake worker on a data directory of its own or of an earlier one. */
export interface LocalRunner extends AsyncDisposable {
  readonly data: DataDirectory;
  readonly database: Database;
  readonly bus: InProcessBus;
  readonly runner: ProcessRunner;
  readonly errors: unknown[];
}

export async function temporaryFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'framewright-local-')));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

export async function openLocalRunner(
  folder: string,
  {
    slots = 2,
    command = process.execPath,
    recoveryGraceMs = 1000,
    shutdownGraceMs = 1000,
    logLimits,
  }: Partial<{
    slots: number;
    command: string;
    recoveryGraceMs: number;
    shutdownGraceMs: number;
    logLimits: LogLimits;
  }> = {},
): Promise<LocalRunner> {
  const data = openDataDirectory(folder);
  const database = Database.open(data.database);
  const bus = new InProcessBus();
  const errors: unknown[] = [];
  const runner = await ProcessRunner.open({
    database,
    runsDirectory: data.runs,
    worker: {
      command,
      args: ['--disable-warning=ExperimentalWarning', fakeWorker],
      env: { PATH: process.env['PATH'] ?? '', FAKE_WORKER_STARTS: startsFile(folder) },
    },
    slots,
    bus,
    clock,
    node: 'this-box',
    onError: (_, error) => errors.push(error),
    recoveryGraceMs,
    shutdownGraceMs,
    ...(logLimits !== undefined && { logLimits }),
  });
  return {
    data,
    database,
    bus,
    runner,
    errors,
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      data[Symbol.dispose]();
    },
  };
}

/** The workers that were really started in a data directory, in order. */
export async function startsIn(folder: string): Promise<{ readonly name: string; readonly pid: number }[]> {
  const text = await readFile(startsFile(folder), 'utf8').catch(() => '');
  return Array.from(text.matchAll(/^(\S+) (\d+)$/gm), ([, name = '', pid]) => ({ name, pid: Number(pid) }));
}

export function startsFile(folder: string): string {
  return join(folder, 'starts');
}
