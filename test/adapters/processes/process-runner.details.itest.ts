import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRunProcesses } from '../../../src/adapters/processes/run-processes.ts';
import type { ProgressMessage } from '../../../src/model/status/progress.ts';
import { hasEnded } from '../../../src/ports/stage-runner.ts';
import { type Behaviour, identityOf, stageOf, untilRun } from '../../contract/stage-runner-harness.ts';
import { type LocalRunner, openLocalRunner, removeFolder, temporaryFolder } from './runner-setup.ts';

const pool = 'default';
let folder: string;
let local: LocalRunner;

beforeEach(async () => {
  folder = await temporaryFolder();
  local = await openLocalRunner(folder);
});
afterEach(async () => {
  await local[Symbol.asyncDispose]();
  await removeFolder(folder);
});

async function start(behaviour: Behaviour, uid = 'a'): Promise<void> {
  await local.runner.start(stageOf(behaviour, identityOf(uid)), { pool });
}

const processes = () => findRunProcesses(local.data.runs);

describe('a run in its folder', () => {
  it('leaves its log and result, and nothing of its scratch', async () => {
    await start('succeed');
    await untilRun(local.runner, 'a', hasEnded);
    expect(readdirSync(join(local.data.runs, 'a-1-render')).toSorted()).toEqual(['log.ndjson', 'result.json']);
    expect(statSync(join(local.data.runs, 'a-1-render')).mode & 0o077).toBe(0);
    await local.runner.forget('a');
    expect(readdirSync(local.data.runs)).toEqual([]);
  });

  it.each(['../../etc', 'a/b', '', '.', 'a\0b'])('cannot have the uid %j, which might lead elsewhere', async (uid) => {
    await expect(start('succeed', uid)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(readdirSync(local.data.runs)).toEqual([]);
  });
});

describe('the log of a run', () => {
  it('that writes more than a log may hold keeps its beginning and its end, and says what is left out', async () => {
    await local[Symbol.asyncDispose]();
    local = await openLocalRunner(folder, { logLimits: { maxBytes: 100_000, headBytes: 10_000, tailBytes: 40_000 } });
    await start('flood');
    const { signal } = new AbortController();
    const followed = await Array.fromAsync(local.runner.logs(identityOf('a'), { follow: true, signal }));
    expect(await untilRun(local.runner, 'a', hasEnded)).toMatchObject({ state: 'succeeded' });
    const path = join(local.data.runs, 'a-1-render', 'log.ndjson');
    expect(statSync(path).size).toBeLessThan(60_000);
    const kept = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(kept[0]).toBe('{"message":"started"}');
    expect(
      kept.filter((line) => /^\{"level":40,.*"msg":"about \d+ bytes of this log were removed here"\}$/.test(line)),
    ).toHaveLength(1);
    expect(kept.at(-1)).toContain('"line":5000,');
    // Whoever follows it sees its end too, whatever was cut before.
    expect(Buffer.concat(followed).toString()).toContain('"line":5000,');
    expect(local.errors).toEqual([]);
  });
});

describe('processes of a run', () => {
  it('end with the worker, even when it leaves them behind', async () => {
    await start('litter');
    expect(await untilRun(local.runner, 'a', hasEnded)).toMatchObject({ state: 'succeeded' });
    expect(processes()).toEqual(new Map());
  });

  it('are all gone within the bound when the server closes, and the run is lost', async () => {
    await start('stubborn');
    await start('hang', 'b');
    for (const uid of ['a', 'b']) {
      const abort = new AbortController();
      const log = local.runner.logs(identityOf(uid), { follow: true, signal: abort.signal });
      for await (const bytes of log) if (Buffer.from(bytes).includes('still here')) abort.abort();
    }
    await start('succeed', 'waiting');
    await local[Symbol.asyncDispose]();
    expect(processes()).toEqual(new Map());
    local = await openLocalRunner(folder);
    expect(await local.runner.observe('a')).toMatchObject([{ state: 'lost', infrastructure: true, exitCode: 137 }]);
    expect(await local.runner.observe('b')).toMatchObject([{ state: 'failed', infrastructure: true, exitCode: 143 }]);
    expect(await local.runner.observe('waiting')).toEqual([]);
  });

  it('that cannot be started are a fault of the machine', async () => {
    await local[Symbol.asyncDispose]();
    local = await openLocalRunner(folder, { command: '/no/such/program' });
    await start('succeed');
    const run = await untilRun(local.runner, 'a', hasEnded);
    expect(run).toMatchObject({ state: 'failed', infrastructure: true, result: { error: { code: 'WORKER_CRASHED' } } });
    expect(run).toHaveProperty('message', expect.stringContaining('/no/such/program'));
    expect(existsSync(join(local.data.runs, 'a-1-render', 'scratch'))).toBe(false);
  });
});

describe('progress from a worker', () => {
  it('reaches the bus up to the last message, and never speaks for another run', async () => {
    const heard: ProgressMessage[] = [];
    const abort = new AbortController();
    const listening = (async () => {
      for await (const message of local.bus.subscribe({}, { signal: abort.signal })) heard.push(message);
    })();
    await start('tell');
    expect(await untilRun(local.runner, 'a', hasEnded)).toMatchObject({ state: 'succeeded' });
    abort.abort();
    await listening;
    expect(local.bus.latest('a')).toMatchObject({
      sequence: 100,
      attempt: 1,
      name: 'job-a',
      progress: { percent: 100 },
    });
    expect(local.bus.latest('someone-else')).toBeUndefined();
    expect(new Set(heard.map(({ uid }) => uid))).toEqual(new Set(['a']));
    const sequences = heard.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  });
});

describe('a database that is full', () => {
  it('lets a stage wait until it can be put on record, and then runs it', async () => {
    const { page_count: pages } = local.database.prepare('PRAGMA page_count').get() ?? {};
    const row = 'INSERT INTO api_key VALUES (hex(randomblob(16)), hex(randomblob(2000)), 1, 1, 1, 1, NULL)';
    local.database.prepare(`PRAGMA max_page_count = ${Number(pages)}`).get();
    expect(() => {
      for (;;) local.database.transaction(() => local.database.prepare(row).run());
    }).toThrow(/full disk/);
    const tiny =
      'INSERT INTO run (uid, attempt, stage, namespace, name, state) VALUES (hex(randomblob(8)), 1, 1, 1, 1, 1)';
    expect(() => {
      for (;;) local.database.transaction(() => local.database.prepare(tiny).run());
    }).toThrow(/full disk/);
    await start('succeed');
    const [run] = await local.runner.observe('a');
    expect(run).toMatchObject({ state: 'waiting', waitingFor: { message: 'The database cannot be written.' } });
    local.database.prepare('PRAGMA max_page_count = 1000000').get();
    expect(await untilRun(local.runner, 'a', hasEnded)).toMatchObject({ state: 'succeeded' });
  });
});
