import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors/error-table.ts';
import { renderJobStatus } from '../../src/model/job/render-job.ts';
import { canMove, isTerminal } from '../../src/model/status/lifecycle.ts';
import { hasEnded, waitCauses } from '../../src/ports/stage-runner.ts';
import { type Step, World } from '../support/simulated-world.ts';

const failures: readonly (readonly [ErrorCode, number])[] = [
  ['SOURCE_UNAVAILABLE', 10],
  ['STORAGE_FULL', 11],
  ['FFMPEG_STALLED', 13],
  ['GPU_FAILED', 21],
  ['INPUT_INVALID', 41],
  ['INTERRUPTED', 143],
  ['WORKER_CRASHED', 18],
];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('reconcile' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reconcile' as const), crashAfter: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'begin' }) },
  {
    weight: 2,
    arbitrary: fc
      .record({ cause: fc.constantFrom(...waitCauses), words: fc.constantFrom('0/3 nodes', '0/4 nodes', 'no image') })
      .map((wait): Step => ({ do: 'wait', ...wait })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'preempt' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'end', state: 'succeeded' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'end', state: 'lost' }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...failures)
      .map(([code, exitCode]): Step => ({ do: 'end', state: 'failed', code, exitCode })),
  },
  {
    weight: 3,
    arbitrary: fc.double({ min: 0, max: 100, noNaN: true }).map((percent): Step => ({ do: 'progress', percent })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'progress', percent: 99, attempt: 1 }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'patch', spec: { cancelled: true } }) },
  { weight: 1, arbitrary: fc.boolean().map((suspend): Step => ({ do: 'patch', spec: { suspend } })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -100, max: 100 }).map((priority): Step => ({ do: 'patch', spec: { priority } })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'delete' }) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 60_000 }).map((milliseconds): Step => ({ do: 'pass', milliseconds })),
  },
);

const history = fc.array(step, { minLength: 1, maxLength: 80 });
const runs = { numRuns: 600 };
const limit = fc.integer({ min: 0, max: 3 });

function play(steps: readonly Step[], retryLimit: number, after: (world: World) => void = () => undefined): World {
  const world = new World({ retry: { limit: retryLimit, backoffSeconds: 1 }, timeoutSeconds: 600 });
  for (const next of steps) {
    world.take(next);
    after(world);
  }
  return world;
}

describe('in any history, with a controller that crashes between any two writes', () => {
  it('a stage of an attempt starts at most once, and no two attempts are live at the same time', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit, ({ live }) => {
          expect(live.length).toBeLessThanOrEqual(1);
        });
        expect([...world.starts.values()].every((count) => count === 1)).toBe(true);
      }),
      runs,
    );
  });

  it('a run that Kueue may start again is stopped once another attempt exists or the job has ended', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        world.settle();
        if (world.job === undefined) return;
        const over = isTerminal(world.job.status?.phase);
        const again = world.runs
          .filter(hasEnded)
          .filter(
            ({ mayRunAgain, stopReason, identity }) =>
              mayRunAgain === true &&
              stopReason === undefined &&
              (over || identity.attempt < (world.job?.status?.attempt ?? 1)),
          );
        expect(again).toEqual([]);
      }),
      runs,
    );
  });

  it('no stage starts after one has succeeded', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        world.settle();
        const successes = world.runs
          .filter(({ state }) => state === 'succeeded')
          .map(({ identity }) => identity.attempt);
        const last = Math.max(0, ...world.runs.map(({ identity }) => identity.attempt));
        expect(successes.every((attempt) => attempt === last)).toBe(true);
        expect(successes.length).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  });

  it('phases change only as the table allows, and a terminal status is never written again', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        world.settle();
        for (const [index, after] of world.statuses.entries()) {
          const before = world.statuses[index - 1];
          if (before === undefined) continue;
          expect(isTerminal(before.phase)).toBe(false);
          expect(canMove(before.phase, after.phase)).toBe(true);
        }
      }),
      runs,
    );
  });

  it('the attempt number and the progress of an attempt never decrease', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        let [attempt, percent] = [1, 0];
        for (const status of world.statuses) {
          expect(status.attempt).toBeGreaterThanOrEqual(attempt);
          if (status.attempt > attempt) percent = 0;
          attempt = status.attempt;
          if (status.progress !== undefined) {
            expect(status.progress.percent).toBeGreaterThanOrEqual(percent);
            percent = status.progress.percent;
          }
        }
      }),
      runs,
    );
  });

  it('every status matches the schema and the retry limit', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        for (const status of world.statuses) {
          expect(renderJobStatus.parse(status)).toEqual(status);
          expect(status.failures).toBeLessThanOrEqual(retryLimit + 1);
          expect(status.disruptions).toBeLessThanOrEqual(world.policy.maxDisruptions + 1);
        }
      }),
      runs,
    );
  });

  it('a cancel that was requested before the end leads to Cancelled', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        const ended = isTerminal(world.job?.status?.phase);
        world.take({ do: 'patch', spec: { cancelled: true } });
        world.settle();
        if (world.job !== undefined && !ended) expect(world.job.status?.phase).toBe('Cancelled');
      }),
      runs,
    );
  });

  it('every job that is not suspended or deleted ends, and causes no further write or action', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        world.take({ do: 'patch', spec: { suspend: false } });
        world.settle();
        if (world.job === undefined) return;
        expect(isTerminal(world.job.status?.phase)).toBe(true);
        expect(world.live).toEqual([]);
        expect(world.reconcile()).toBe(false);
      }),
      runs,
    );
  });

  it('without changes a few reconciles reach a fixpoint', () => {
    fc.assert(
      fc.property(history, limit, (steps, retryLimit) => {
        const world = play(steps, retryLimit);
        const turns = [1, 2, 3, 4, 5].map(() => world.reconcile());
        expect(turns.at(-1)).toBe(false);
      }),
      runs,
    );
  });
});
