import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../src/adapters/object-store/directory-store.ts';
import { SqliteJobStore } from '../../src/adapters/sqlite/sqlite-job-store.ts';
import { Controller } from '../../src/controller/controller.ts';
import { defaultPolicy, type Policy } from '../../src/controller/policies/policy.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';
import type { RenderJob, RenderJobSpec } from '../../src/model/job/render-job.ts';
import {
  type LocalRunner,
  openLocalRunner,
  removeFolder,
  startsIn,
  temporaryFolder,
} from '../adapters/processes/runner-setup.ts';

// The real loop on the real store and the real process runner; only the worker is a small program that renders nothing.

interface Box {
  readonly store: SqliteJobStore;
  readonly objects: DirectoryStore;
  readonly local: LocalRunner;
  readonly errors: unknown[];
  /** Names of the events that were recorded. */
  readonly events: string[];
  stop(): Promise<void>;
}

let folder: string;
let open: Box[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const box of open) await box.stop();
  open = [];
  await removeFolder(folder);
});

async function start(policy: Partial<Policy> = {}, slots = 2): Promise<Box> {
  const local = await openLocalRunner(folder, { slots });
  const store = new SqliteJobStore(local.database, { clock, defaultTtlSeconds: 3600 });
  const objects = new DirectoryStore({ dir: local.data.objects });
  const [errors, events]: [unknown[], string[]] = [[], []];
  const controller = new Controller(
    { store, runner: local.runner, bus: local.bus, objects, clock },
    {
      policy: { ...defaultPolicy, backoffSeconds: 0.05, graceMs: 500, ...policy },
      expiryIntervalMs: 50,
      observer: {
        error: (_what, error) => errors.push(error),
        event: ({ metadata }, _level, reason) => events.push(`${metadata.name} ${reason}`),
      },
    },
  );
  const abort = new AbortController();
  const running = controller.run(abort.signal);
  let stopped = false;
  const box: Box = {
    store,
    objects,
    local,
    errors,
    events,
    stop: async () => {
      if (stopped) return;
      stopped = true;
      abort.abort();
      await running;
      await local[Symbol.asyncDispose]();
    },
  };
  open.push(box);
  return box;
}

function ref(name: string): { namespace: string; name: string } {
  return { namespace: 'default', name };
}

async function submit(
  { store }: Box,
  name: string,
  behaviour: string,
  spec: Partial<RenderJobSpec> = {},
  owner = 'ann',
): Promise<void> {
  await store.create({
    ...ref(name),
    spec: { inputs: [{ name: 'main', asset: behaviour }], ...spec },
    labels: { 'framewright.dev/owner': owner },
  });
}

async function patchSpec(
  { store }: Box,
  name: string,
  patch: Parameters<SqliteJobStore['patchSpec']>[2],
): Promise<void> {
  const job = await store.get(ref(name));
  await store.patchSpec(ref(name), job?.metadata.resourceVersion ?? '', patch);
}

/** Waits until a job is as wanted; fails with what it is. */
async function until(
  { store }: Box,
  name: string,
  wanted: (job: RenderJob | undefined) => boolean,
): Promise<RenderJob | undefined> {
  let job: RenderJob | undefined;
  for (let i = 0; i < 2400; i++) {
    job = await store.get(ref(name));
    if (wanted(job)) return job;
    await sleep(25);
  }
  throw new Error(`Expected ${name} to become as wanted within a minute, it is ${JSON.stringify(job?.status)}`);
}

const ends = (job: RenderJob | undefined): boolean => job?.status?.finishedAt !== undefined;
const runs = (job: RenderJob | undefined): boolean => job?.status?.phase === 'Running';

describe('the controller', () => {
  it('takes a job from its creation to its result', async () => {
    const box = await start();
    await submit(box, 'a', 'brief');
    const job = await until(box, 'a', ends);
    expect(job?.status).toMatchObject({
      phase: 'Succeeded',
      attempt: 1,
      failures: 0,
      result: { outputs: [{ name: 'main' }] },
    });
    expect(box.events).toEqual(['a Completed']);
    expect(box.errors).toEqual([]);
  });

  it('writes a job at most five times, its creation included', async () => {
    const box = await start();
    const versions: string[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      for await (const { job } of box.store.watch(abort.signal)) versions.push(job.metadata.resourceVersion);
    })();
    await submit(box, 'a', 'brief');
    await until(box, 'a', ends);
    await sleep(100);
    abort.abort();
    await watching;
    expect(new Set(versions).size).toBeLessThanOrEqual(5);
  });

  it('runs as many jobs in parallel as there are slots, the highest priority first', async () => {
    const box = await start({}, 1);
    await submit(box, 'first', 'hang');
    await until(box, 'first', runs);
    await submit(box, 'low', 'brief', { priority: -5 });
    await submit(box, 'high', 'brief', { priority: 5 });
    for (const name of ['low', 'high']) await until(box, name, (job) => job?.status?.reason === 'WaitingForSlot');
    await patchSpec(box, 'first', { cancelled: true });
    await until(box, 'low', ends);
    const uids = await Promise.all(['high', 'low'].map(async (name) => (await box.store.get(ref(name)))?.metadata.uid));
    const started = (await startsIn(folder)).map(({ name }) => name.slice(0, 36)).filter((uid) => uids.includes(uid));
    expect(started).toEqual(uids);
  });

  it('retries a crashed worker up to the limit', async () => {
    const box = await start();
    await submit(box, 'a', 'crash', { retry: { limit: 2 } });
    const job = await until(box, 'a', ends);
    expect(job?.status).toMatchObject({
      phase: 'Failed',
      reason: 'RetriesExhausted',
      attempt: 3,
      failures: 3,
      error: { code: 'WORKER_CRASHED' },
    });
    expect(await startsIn(folder)).toHaveLength(3);
  });

  it('fails immediately on an input that is not a video', async () => {
    const box = await start();
    await submit(box, 'a', 'fail');
    const job = await until(box, 'a', ends);
    expect(job?.status).toMatchObject({
      phase: 'Failed',
      reason: 'NotRetryable',
      attempt: 1,
      error: { code: 'INPUT_INVALID' },
    });
  });

  it('cancels a running job: its worker ends, and the job is Cancelled', async () => {
    const box = await start();
    await submit(box, 'a', 'hang');
    await until(box, 'a', runs);
    await patchSpec(box, 'a', { cancelled: true });
    const job = await until(box, 'a', ends);
    expect(job?.status?.phase).toBe('Cancelled');
    expect(job?.status?.attempts).toMatchObject([{ number: 1, outcome: 'Cancelled' }]);
  });

  it('cancels a worker that does not listen', async () => {
    const box = await start({ graceMs: 300 });
    await submit(box, 'a', 'stubborn');
    await until(box, 'a', runs);
    await patchSpec(box, 'a', { cancelled: true });
    expect((await until(box, 'a', ends))?.status?.phase).toBe('Cancelled');
  });

  it('cancels a waiting job without starting it', async () => {
    const box = await start({}, 1);
    await submit(box, 'busy', 'hang');
    // Both could be created within one millisecond, and then their uids decide which of them gets the only slot.
    await until(box, 'busy', runs);
    await submit(box, 'a', 'brief');
    await until(box, 'a', (job) => job?.status?.reason === 'WaitingForSlot');
    await patchSpec(box, 'a', { cancelled: true });
    const job = await until(box, 'a', ends);
    expect(job?.status?.phase).toBe('Cancelled');
    expect(await box.local.runner.observe(job?.metadata.uid ?? '')).toEqual([]);
  });

  it('suspends a running job and resumes it as an attempt that is not charged', async () => {
    const box = await start();
    await submit(box, 'a', 'hang');
    await until(box, 'a', runs);
    await patchSpec(box, 'a', { suspend: true });
    await until(box, 'a', (job) => job?.status?.reason === 'Suspended');
    await patchSpec(box, 'a', { suspend: false });
    const job = await until(box, 'a', runs);
    expect(job?.status).toMatchObject({
      attempt: 2,
      failures: 0,
      disruptions: 0,
      attempts: [{ outcome: 'Suspended' }, {}],
    });
  });

  it('ends a run that is past its timeout', async () => {
    const box = await start({ timeoutSlackSeconds: 0 });
    await submit(box, 'a', 'hang', { timeoutSeconds: 1 });
    const job = await until(box, 'a', ends);
    expect(job?.status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      error: { code: 'DEADLINE_EXCEEDED' },
    });
  });

  it('removes a job and its files when its retention time is over', async () => {
    const box = await start();
    await submit(box, 'a', 'brief');
    const job = await until(box, 'a', ends);
    const key = job?.status?.result?.outputs[0]?.key ?? '';
    const upload = await box.objects.createUpload(key);
    await writeFile(upload.path, 'a film');
    await box.objects.publish(upload);
    await patchSpec(box, 'a', { ttlSecondsAfterFinished: 1 });
    await until(box, 'a', (gone) => gone === undefined);
    expect(await box.objects.stat(key)).toBeUndefined();
    expect(await box.local.runner.observe(job?.metadata.uid ?? '')).toEqual([]);
  });

  it('removes a running job: ends its worker first', async () => {
    const box = await start();
    await submit(box, 'a', 'hang');
    const job = await until(box, 'a', runs);
    await box.store.remove(ref('a'));
    await until(box, 'a', (gone) => gone === undefined);
    expect(await box.local.runner.observe(job?.metadata.uid ?? '')).toEqual([]);
  });

  it('takes up, after a restart, the jobs of the server before it', async () => {
    const before = await start({}, 1);
    await submit(before, 'running', 'hang');
    await until(before, 'running', runs);
    await submit(before, 'waiting', 'brief');
    await before.stop();
    const after = await start({}, 2);
    await until(after, 'waiting', ends);
    const job = await until(after, 'running', (again) => again?.status?.attempt === 2 && runs(again));
    expect(job?.status).toMatchObject({ failures: 0, disruptions: 1 });
  });

  it('writes the progress of a worker into the status', async () => {
    const box = await start({ statusProgressIntervalMs: 1 });
    await submit(box, 'a', 'report');
    const percents: number[] = [];
    const job = await until(box, 'a', (now) => {
      if (now?.status?.progress !== undefined) percents.push(now.status.progress.percent);
      return ends(now);
    });
    expect(job?.status?.progress?.percent).toBe(100);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  });

  it('finishes many jobs of many owners, each exactly once', async () => {
    const box = await start({}, 4);
    const names = Array.from({ length: 40 }, (_, i) => `job-${i}`);
    await Promise.all(names.map((name, i) => submit(box, name, 'succeed', {}, `owner-${i % 5}`)));
    for (const name of names) expect((await until(box, name, ends))?.status?.phase).toBe('Succeeded');
    const starts = (await startsIn(folder)).map(({ name }) => name);
    expect(new Set(starts).size).toBe(40);
    expect(starts).toHaveLength(40);
    expect(box.errors).toEqual([]);
  });
});
