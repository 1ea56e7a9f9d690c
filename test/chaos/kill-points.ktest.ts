import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpuNode } from '../cluster/gpu-node.ts';
import { describeOnCluster } from '../support/cluster.ts';
import { ChaosWorld } from './chaos-world.ts';
import { type Life, lives } from './job-lives.ts';
import type { Death } from './mortality.ts';

const node = 'chaos-kill-points';
/** Worlds in parallel: they wait more than they compute. */
const parallelWorlds = 8;

interface Outcome {
  readonly writes: readonly string[];
  readonly broken: readonly string[];
  readonly end: string | undefined;
}

describeOnCluster('an operator that is killed at its n-th write', (cluster) => {
  beforeAll(() => cluster.apply(gpuNode(node, { slots: 500 })));
  afterAll(() => cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']));

  /** Plays a life; the operator dies as requested, and another one replaces it. */
  async function play({ play: happen, ends }: Life, death?: Death): Promise<Outcome> {
    await using world = await ChaosWorld.open(cluster, node);
    const first = await world.operator(death);
    const stop = new AbortController();
    const successor = first.life.died.then(async () => {
      if (stop.signal.aborted) return;
      await first.kill();
      await world.operator();
    });
    try {
      await happen(world, 'clip');
      await world.settle();
      if (ends.length === 0) await world.recorder.until('the job to be deleted', () => world.job('clip') === undefined);
      const end = world.phaseOf('clip');
      // The wait for a second without writes is worth its time only without a death.
      if (death === undefined) await world.quiet();
      return { writes: first.life.writes, broken: await world.broken(), end };
    } catch (error) {
      throw new Error(`${String(error)}\n${world.describe()}`, { cause: error });
    } finally {
      stop.abort();
      first.life.kill();
      await successor;
    }
  }

  describe.each(lives)('of a job that $name', (life) => {
    let writes: readonly string[] = [];
    it('stays within its budget of writes without a fault', async () => {
      const outcome = await play(life);
      ({ writes } = outcome);
      expect(outcome.broken).toEqual([]);
      const calls = writes.filter((write) => !write.startsWith('REMOVE'));
      expect(calls.length, calls.join(', ')).toBeLessThanOrEqual(life.budget);
      expect(life.ends).toEqual(outcome.end === undefined ? [] : expect.arrayContaining([outcome.end]));
    });

    it('is brought to the same end by the next operator', async () => {
      // The state after a lost answer is also the state before a write that is never sent.
      const deaths = writes.map((_, index): Death => ({ write: index + 1, mode: 'answer lost' })).slice(life.known);
      const failures: string[] = [];
      const one = async (death: Death): Promise<void> => {
        const { broken, end } = await play(life, death);
        const wrong = life.ends.length === 0 ? end !== undefined : !life.ends.includes(end ?? '');
        if (wrong || broken.length > 0) failures.push(`${death.write} ${death.mode}: ${end} ${broken.join('; ')}`);
      };
      const left = deaths.values();
      await Promise.all(
        Array.from({ length: parallelWorlds }, async () => {
          for (const death of left) await one(death);
        }),
      );
      expect(failures, writes.join(', ')).toEqual([]);
    });
  });
});
