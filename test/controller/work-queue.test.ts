import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lanes, WorkQueue } from '../../src/controller/work-queue.ts';

describe('WorkQueue', () => {
  it('handles a key that was added many times while waiting only once', async () => {
    const seen: string[] = [];
    await using queue = new WorkQueue(async (key) => void seen.push(key), { concurrency: 1 });
    for (let i = 0; i < 100; i++) queue.add('a');
    await sleep(10);
    expect(seen).toEqual(['a']);
  });

  it('looks again at a key that was added while it was being handled', async () => {
    const seen: string[] = [];
    await using queue: WorkQueue = new WorkQueue(
      async (key) => {
        seen.push(key);
        if (seen.length === 1) queue.add('a');
        await sleep(1);
      },
      { concurrency: 4 },
    );
    queue.add('a');
    await sleep(30);
    expect(seen).toEqual(['a', 'a']);
  });

  it('goes by lanes, and a better lane moves a waiting key forward', async () => {
    const seen: string[] = [];
    await using queue = new WorkQueue(async (key) => void seen.push(key), { concurrency: 1 });
    queue.add('resync', 'resync');
    queue.add('new', 'new');
    queue.add('ended', 'ended');
    queue.add('promoted', 'resync');
    queue.add('promoted', 'running');
    queue.add('start', 'start');
    await sleep(10);
    expect(seen).toEqual(['ended', 'start', 'promoted', 'new', 'resync']);
  });

  it('repeats a key whose handler threw, with growing waits, and reports each failure', async () => {
    const failures: number[] = [];
    const times: number[] = [];
    const done = Promise.withResolvers<void>();
    await using queue = new WorkQueue(
      async () => {
        times.push(performance.now());
        if (times.length < 4) throw new Error('not yet');
        done.resolve();
      },
      { concurrency: 1, baseDelayMs: 4, onError: (_key, _error, count) => failures.push(count) },
    );
    queue.add('a');
    await done.promise;
    expect(failures).toEqual([1, 2, 3]);
  });

  it('tells how long keys wait and handlers run, and what came of it', async () => {
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const observer = {
      added: () => void seen.push('added'),
      started: () => void seen.push('started'),
      ended: (_took: number, result: string) => void seen.push(result),
    };
    await using queue = new WorkQueue(
      async (key) => {
        await gate.promise;
        if (key === 'bad') throw new Error('bad');
      },
      { concurrency: 1, observer, baseDelayMs: 60_000 },
    );
    expect([queue.oldestWaitMs, queue.longestRunMs]).toEqual([0, 0]);
    queue.add('good');
    queue.add('bad', 'resync');
    queue.add('bad', 'resync');
    await sleep(5);
    const waited = queue.oldestWaitMs;
    expect(waited).toBeGreaterThan(0);
    expect(queue.longestRunMs).toBeGreaterThan(0);
    // A better lane is no new wait.
    queue.add('bad', 'ended');
    expect(queue.oldestWaitMs).toBeGreaterThanOrEqual(waited);
    gate.resolve();
    await sleep(5);
    expect(seen).toEqual(['added', 'added', 'started', 'done', 'started', 'failed']);
    expect([queue.oldestWaitMs, queue.longestRunMs]).toEqual([0, 0]);
  });

  it('of several waits keeps the earliest', async () => {
    const seen: string[] = [];
    await using queue = new WorkQueue(async (key) => void seen.push(key), { concurrency: 1 });
    queue.addAfter('a', 60_000);
    queue.addAfter('a', 5);
    queue.addAfter('a', 60_000);
    await sleep(40);
    expect(seen).toEqual(['a']);
  });

  it('waits for the handlers at work when it closes, and starts no more', async () => {
    let finished = 0;
    const queue = new WorkQueue(
      async () => {
        await sleep(10);
        finished += 1;
      },
      { concurrency: 1 },
    );
    queue.add('a');
    queue.add('b');
    await sleep(1);
    await queue.close();
    expect(finished).toBe(1);
    queue.add('c');
    await sleep(20);
    expect(finished).toBe(1);
  });

  it('never handles one key twice at a time and loses none, whatever is added when', async () => {
    const add = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      lane: fc.constantFrom(...lanes),
      pause: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(add, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (adds, concurrency) => {
        const active = new Set<string>();
        const handledAt = new Map<string, number>();
        const addedAt = new Map<string, number>();
        let tick = 0;
        const queue = new WorkQueue(
          async (key) => {
            expect(active.has(key)).toBe(false);
            active.add(key);
            handledAt.set(key, ++tick);
            await (tick % 2 === 0 ? Promise.resolve() : sleep(0));
            active.delete(key);
          },
          { concurrency },
        );
        for (const { key, lane, pause } of adds) {
          queue.add(key, lane);
          addedAt.set(key, ++tick);
          if (pause > 0) await sleep(0);
        }
        while (queue.depth > 0 || queue.active > 0) await sleep(0);
        for (const [key, at] of addedAt) expect(handledAt.get(key)).toBeGreaterThan(at);
        await queue.close();
      }),
      { numRuns: 50 },
    );
  });
});
