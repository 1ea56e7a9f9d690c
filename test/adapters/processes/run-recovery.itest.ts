import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isAlive, isGroupAlive, signalProcess } from '../../../src/adapters/processes/process-identity.ts';
import { runName } from '../../../src/adapters/processes/run-directory.ts';
import { RunRecords } from '../../../src/adapters/processes/run-records.ts';
import { hasEnded } from '../../../src/ports/stage-runner.ts';
import { type Behaviour, identityOf, stageOf, untilRun } from '../../contract/stage-runner-harness.ts';
import { eventually } from '../../support/eventually.ts';
import { type LocalRunner, openLocalRunner, removeFolder, startsIn, temporaryFolder } from './runner-setup.ts';

const serverProgram = fileURLToPath(import.meta.resolve('../../fixtures/runner-server.ts'));
const pool = 'default';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await removeFolder(folder);
});

const runsFolder = (): string => join(folder, 'runs');

/** Starts a server, waits until it starts stages, and kills it when `moment` has resolved. */
async function serveAndKill(generation: number, moment: () => Promise<unknown>): Promise<void> {
  const args = ['--disable-warning=ExperimentalWarning', serverProgram, folder, String(generation)];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(server, 'exit');
  await once(server.stdout, 'data');
  await moment();
  server.kill('SIGKILL');
  await exited;
}

describe('a server that is killed', () => {
  it('leaves no process, and each run with its end, whatever the moment', { timeout: 240_000 }, async () => {
    const firstStart = (): Promise<void> =>
      eventually(async () => expect(await startsIn(folder)).not.toEqual([]), { withinMs: 100_000 });
    for (let generation = 0; generation < 12; generation += 1) {
      // The first one is killed when a worker runs, however busy the machine is; the others at any moment.
      await serveAndKill(generation, generation === 0 ? firstStart : () => wait(Math.random() * 2000));
      await using next = await openLocalRunner(folder, { recoveryGraceMs: 100 });
      expect((await startsIn(folder)).filter(({ pid }) => isGroupAlive(pid))).toEqual([]);
      for (let index = 0; index < 8; index += 1) {
        for (const run of await next.runner.observe(`${generation}-${index}`)) {
          expect(['succeeded', 'failed', 'lost']).toContain(run.state);
          expect(run.state === 'lost' ? run.infrastructure : true).toBe(true);
          expect(run.state === 'succeeded' ? run.result.exitCode : 0).toBe(0);
        }
      }
    }
    const starts = await startsIn(folder);
    expect(new Set(starts.map(({ name }) => name)).size).toBe(starts.length);
    expect(starts.length).toBeGreaterThan(0);
    for (const name of readdirSync(runsFolder())) expect(existsSync(join(runsFolder(), name, 'scratch'))).toBe(false);
  });

  it('does not have its runs started again by the next server', async () => {
    const result = join(runsFolder(), runName(identityOf('0-0')), 'result.json');
    await serveAndKill(0, () => eventually(() => expect(existsSync(result)).toBe(true), { withinMs: 100_000 }));
    await using next = await openLocalRunner(folder);
    const before = await startsIn(folder);
    const ended = await next.runner.observe('0-0');
    expect(ended).toMatchObject([{ state: 'succeeded' }]);
    await next.runner.start(stageOf('brief', identityOf('0-0')), { pool });
    expect(await next.runner.observe('0-0')).toEqual(ended);
    expect(await startsIn(folder)).toEqual(before);
  });
});

describe('recovery', () => {
  /** A runner whose records say that a run is under way, as a crash leaves them. */
  async function crashed(behaviour: Behaviour): Promise<void> {
    await using local = await openLocalRunner(folder);
    await local.runner.start(stageOf(behaviour, identityOf('a')), { pool });
    const { identity, startedAt = 0 } = await untilRun(local.runner, 'a', hasEnded);
    new RunRecords(local.database).save({ identity, state: 'running', startedAt });
  }

  it('adopts the success that a worker left', async () => {
    await crashed('succeed');
    await using local = await openLocalRunner(folder);
    expect(await local.runner.observe('a')).toMatchObject([
      { state: 'succeeded', exitCode: 0, result: { processes: 1 } },
    ]);
  });

  it('adopts the failure that a worker left', async () => {
    await crashed('fail');
    await using local = await openLocalRunner(folder);
    expect(await local.runner.observe('a')).toMatchObject([
      { state: 'failed', exitCode: 41, result: { error: { code: 'INPUT_INVALID' } } },
    ]);
  });

  it('calls a run without a valid result lost, which is no fault of the job', async () => {
    await crashed('nonsense');
    await using local = await openLocalRunner(folder);
    expect(await local.runner.observe('a')).toMatchObject([{ state: 'lost', infrastructure: true }]);
  });

  it('never ends a process that merely has the pid of a worker', async () => {
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
    await once(stranger, 'spawn');
    const identity = identify(stranger.pid ?? 0);
    if (identity === undefined) throw new Error('Expected the stranger to run');
    try {
      await crashed('nonsense');
      {
        await using local = await openLocalRunner(folder);
        const records = new RunRecords(local.database);
        const [run] = await local.runner.observe('a');
        if (run === undefined) throw new Error('Expected the run to be recorded');
        records.save({ identity: run.identity, state: 'running', startedAt: 0 });
        records.saveProcess(run.identity, { ...identity, started: '1' });
      }
      await using local = await openLocalRunner(folder);
      expect(await local.runner.observe('a')).toMatchObject([{ state: 'lost' }]);
      expect(isAlive(identity)).toBe(true);
    } finally {
      signalProcess(identity, 'SIGKILL');
    }
  });

  it('ends a process that the killed server had no time to record', async () => {
    await using local = await openLocalRunner(folder);
    const marked = spawn('sleep', ['60'], {
      stdio: 'ignore',
      env: { TMPDIR: join(runsFolder(), 'b-1-render', 'scratch') },
    });
    const exited = once(marked, 'exit');
    await local[Symbol.asyncDispose]();
    await using next = await openLocalRunner(folder);
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(await next.runner.observe('b')).toEqual([]);
  });

  it('removes folders without a record', async () => {
    const local: LocalRunner = await openLocalRunner(folder);
    await local.runner.start(stageOf('succeed', identityOf('a')), { pool });
    await untilRun(local.runner, 'a', hasEnded);
    new RunRecords(local.database).forget(identityOf('a'));
    await local[Symbol.asyncDispose]();
    await using next = await openLocalRunner(folder);
    expect(readdirSync(next.data.runs)).toEqual([]);
  });
});
