import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { priorityClasses, WorkQueue } from '../../src/controller/work-queue.ts';
import { idle, ManualClock } from '../support/manual-clock.ts';

let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
});

describe('WorkQueue', () => {
  it('handles a key once that was added many times while it waited', async () => {
    const handled: string[] = [];
    await using queue = new WorkQueue(async (key) => void handled.push(key), { clock, concurrency: 1 });
    for (let i = 0; i < 100; i++) queue.add('a');
    await idle();
    expect(handled).toEqual(['a']);
  });

  it('handles a key again that was added while it was being handled', async () => {
    const handled: string[] = [];
    await using queue: WorkQueue = new WorkQueue(
      async (key) => {
        handled.push(key);
        if (handled.length === 1) queue.add('a');
        await clock.sleep(1);
      },
      { clock, concurrency: 4 },
    );
    queue.add('a');
    await clock.advance(0);
    expect(handled).toEqual(['a']);
    await clock.advance(10);
    expect(handled).toEqual(['a', 'a']);
  });

  it('handles keys by priority class, and a higher class moves a waiting key forward', async () => {
    const handled: string[] = [];
    await using queue = new WorkQueue(async (key) => void handled.push(key), { clock, concurrency: 1 });
    queue.add('resync', 'resync');
    queue.add('new', 'new');
    queue.add('ended', 'ended');
    queue.add('promoted', 'resync');
    queue.add('promoted', 'running');
    queue.add('start', 'start');
    await idle();
    expect(handled).toEqual(['ended', 'start', 'promoted', 'new', 'resync']);
  });

  it('retries a key whose handler threw, with growing waits up to a limit, and reports each failure', async () => {
    const failures: number[] = [];
    const times: number[] = [];
    await using queue = new WorkQueue(
      async () => {
        times.push(clock.monotonic());
        if (times.length < 6) throw new Error('not yet');
      },
      { clock, concurrency: 1, baseDelayMs: 4, maxDelayMs: 20, onError: (_key, _error, count) => failures.push(count) },
    );
    queue.add('a');
    await clock.advance(1000);
    expect(failures).toEqual([1, 2, 3, 4, 5]);
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits).toEqual([4, 8, 16, 20, 20]);
  });

  it('starts with the first wait again after a success', async () => {
    const times: number[] = [];
    await using queue = new WorkQueue(
      async () => {
        times.push(clock.monotonic());
        if (times.length !== 3) throw new Error('not now');
      },
      { clock, concurrency: 1, baseDelayMs: 4 },
    );
    queue.add('a');
    await clock.advance(100);
    expect(times).toEqual([0, 4, 12]);
    queue.add('a');
    await clock.advance(5);
    expect(times).toEqual([0, 4, 12, 100, 104]);
  });

  it('reports how long keys wait, how long handlers run, and their results', async () => {
    const reported: string[] = [];
    const gate = Promise.withResolvers<void>();
    const observer = {
      added: () => void reported.push('added'),
      started: (waited: number) => void reported.push(`started after ${waited}`),
      ended: (took: number, result: string) => void reported.push(`${result} in ${took}`),
    };
    await using queue = new WorkQueue(
      async (key) => {
        await gate.promise;
        if (key === 'bad') throw new Error('bad');
      },
      { clock, concurrency: 1, observer, baseDelayMs: 60_000 },
    );
    expect([queue.oldestWaitMs, queue.longestRunMs]).toEqual([0, 0]);
    queue.add('good');
    queue.add('bad', 'resync');
    queue.add('bad', 'resync');
    await clock.advance(5);
    expect([queue.oldestWaitMs, queue.longestRunMs]).toEqual([5, 5]);
    // A higher priority class does not restart the wait.
    queue.add('bad', 'ended');
    await clock.advance(2);
    expect(queue.oldestWaitMs).toBe(7);
    gate.resolve();
    await idle();
    expect(reported).toEqual(['added', 'added', 'started after 0', 'done in 7', 'started after 7', 'failed in 0']);
    expect([queue.oldestWaitMs, queue.longestRunMs]).toEqual([0, 0]);
  });

  it('keeps the earliest of several times at which a key is to be added', async () => {
    const times: number[] = [];
    await using queue = new WorkQueue(async () => void times.push(clock.monotonic()), { clock, concurrency: 1 });
    queue.addAfter('a', 60_000);
    queue.addAfter('a', 5);
    queue.addAfter('a', 60_000);
    await clock.advance(100_000);
    expect(times).toEqual([5]);
  });

  it('waits for running handlers when it closes, and starts no more', async () => {
    let finished = 0;
    const gate = Promise.withResolvers<void>();
    const queue = new WorkQueue(
      async () => {
        await gate.promise;
        finished += 1;
      },
      { clock, concurrency: 1 },
    );
    queue.add('a');
    queue.add('b');
    queue.addAfter('d', 5);
    await idle();
    let closed = false;
    const closing = queue.close().then(() => {
      closed = true;
    });
    await idle();
    expect(closed).toBe(false);
    gate.resolve();
    await closing;
    expect(finished).toBe(1);
    queue.add('c');
    await clock.advance(1000);
    expect(finished).toBe(1);
  });

  it('never handles a key twice at a time and loses none, in any order of additions', async () => {
    const addition = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      priority: fc.constantFrom(...priorityClasses),
      pause: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(addition, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (additions, concurrency) => {
          const active = new Set<string>();
          const handledAt = new Map<string, number>();
          const addedAt = new Map<string, number>();
          let tick = 0;
          const queue = new WorkQueue(
            async (key) => {
              expect(active.has(key)).toBe(false);
              active.add(key);
              handledAt.set(key, ++tick);
              await (tick % 2 === 0 ? Promise.resolve() : idle());
              active.delete(key);
            },
            { clock, concurrency },
          );
          for (const { key, priority, pause } of additions) {
            queue.add(key, priority);
            addedAt.set(key, ++tick);
            if (pause > 0) await idle();
          }
          while (queue.depth > 0 || queue.active > 0) await idle();
          for (const [key, at] of addedAt) expect(handledAt.get(key)).toBeGreaterThan(at);
          await queue.close();
        },
      ),
      { numRuns: 50 },
    );
  });
});
