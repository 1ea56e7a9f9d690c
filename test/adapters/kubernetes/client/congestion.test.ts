import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Congestion, type Outcome } from '../../../../src/adapters/kubernetes/client/congestion.ts';

const never = new AbortController().signal;
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Fills the window, and ends all of it in the same way. */
async function round(congestion: Congestion, outcome: Outcome): Promise<void> {
  const leave = await Promise.all(Array.from({ length: congestion.limit }, () => congestion.enter(never)));
  for (const end of leave) end(outcome);
}

describe('parallel calls', () => {
  it('are at most the limit; the next one waits', async () => {
    const congestion = new Congestion({ initial: 2, max: 8 });
    const order: string[] = [];
    const call = async (name: string): Promise<(outcome: Outcome) => void> => {
      const leave = await congestion.enter(never);
      order.push(name);
      return leave;
    };
    const [first] = await Promise.all([call('a'), call('b')]);
    const third = call('c');
    const fourth = call('d');
    await settle();
    expect(order).toEqual(['a', 'b']);
    first('failed');
    await third;
    expect(order).toEqual(['a', 'b', 'c']);
    (await third)('failed');
    await fourth;
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  it('grow by about one with each round of answers, up to the maximum', async () => {
    const congestion = new Congestion({ initial: 4, max: 6 });
    await round(congestion, 'answered');
    expect(congestion.limit).toBe(4);
    await round(congestion, 'answered');
    await round(congestion, 'answered');
    await round(congestion, 'answered');
    await round(congestion, 'answered');
    expect(congestion.limit).toBeGreaterThan(4);
    for (let more = 0; more < 30; more += 1) await round(congestion, 'answered');
    expect(congestion.limit).toBe(6);
  });

  it('do not grow while the window is not used', async () => {
    const congestion = new Congestion({ initial: 4, max: 64 });
    for (let calls = 0; calls < 100; calls += 1) (await congestion.enter(never))('answered');
    expect(congestion.limit).toBe(4);
  });

  it('are halved once for a round of rejections, and never below one', async () => {
    const congestion = new Congestion({ initial: 8, max: 8 });
    await round(congestion, 'overloaded');
    expect(congestion.limit).toBe(4);
    for (let more = 0; more < 5; more += 1) await round(congestion, 'overloaded');
    expect(congestion.limit).toBe(1);
  });

  it('leave the queue when their signal aborts', async () => {
    const congestion = new Congestion({ initial: 1, max: 1 });
    const leave = await congestion.enter(never);
    const controller = new AbortController();
    const waiting = congestion.enter(controller.signal);
    const behind = congestion.enter(never);
    controller.abort(new Error('no longer needed'));
    await expect(waiting).rejects.toThrow('no longer needed');
    await expect(congestion.enter(controller.signal)).rejects.toThrow('no longer needed');
    leave('answered');
    (await behind)('answered');
    expect(congestion.active).toBe(0);
  });

  it('never exceed the limit, and none is lost, whatever happens', async () => {
    const outcome = fc.constantFrom<Outcome>('answered', 'overloaded', 'failed');
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (outcomes, initial) => {
          const congestion = new Congestion({ initial, max: 6 });
          let peak = 0;
          const calls = outcomes.map(async (end) => {
            const leave = await congestion.enter(never);
            peak = Math.max(peak, congestion.active);
            await settle();
            leave(end);
            leave(end);
          });
          await Promise.all(calls);
          expect(peak).toBeLessThanOrEqual(6);
          expect(congestion.active).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});
