import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpuNode } from '../cluster/gpu-node.ts';
import { describeOnCluster } from '../support/cluster.ts';
import { ChaosWorld } from './chaos-world.ts';
import { type Life, lives } from './job-lives.ts';
import type { Death } from './mortality.ts';

const node = 'chaos-kill-points';
/** Worlds at once: they wait more than they compute. */
const atOnce = 8;

interface Told {
  readonly writes: readonly string[];
  readonly broken: readonly string[];
  readonly end: string | undefined;
}

describeOnCluster('an operator that is killed at its n-th write', (cluster) => {
  beforeAll(() => cluster.apply(gpuNode(node, { slots: 500 })));
  afterAll(() => cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']));

  /** Plays a life; the operator dies as it is told, and another one takes its place. */
  async function play({ play: happen, ends }: Life, death?: Death): Promise<Told> {
    await using world = await ChaosWorld.open(cluster, node);
    const first = await world.operator(death);
    const stop = new AbortController();
    const heir = first.life.died.then(async () => {
      if (stop.signal.aborted) return;
      await first.kill();
      await world.operator();
    });
    try {
      await happen(world, 'clip');
      await world.settle();
      if (ends.length === 0) await world.recorder.until('the job to be gone', () => world.job('clip') === undefined);
      const end = world.phaseOf('clip');
      // Only a life without a death is worth a second of waiting for what must not come.
      if (death === undefined) await world.quiet();
      return { writes: first.life.writes, broken: await world.broken(), end };
    } catch (error) {
      throw new Error(`${String(error)}\n${world.describe()}`, { cause: error });
    } finally {
      stop.abort();
      first.life.kill();
      await heir;
    }
  }

  describe.each(lives)('of a job that $name', (life) => {
    let writes: readonly string[] = [];
    it('does no more than it must where nothing goes wrong', async () => {
      const told = await play(life);
      ({ writes } = told);
      expect(told.broken).toEqual([]);
      const calls = writes.filter((write) => !write.startsWith('REMOVE'));
      expect(calls.length, calls.join(', ')).toBeLessThanOrEqual(life.budget);
      expect(life.ends).toEqual(told.end === undefined ? [] : expect.arrayContaining([told.end]));
    });

    it('leaves nothing that its successor does not bring to the same end', async () => {
      // What is there when an answer is lost is also there when the next write is never sent.
      const deaths = writes.map((_, index): Death => ({ write: index + 1, mode: 'answer lost' })).slice(life.known);
      const failures: string[] = [];
      const one = async (death: Death): Promise<void> => {
        const { broken, end } = await play(life, death);
        const wrong = life.ends.length === 0 ? end !== undefined : !life.ends.includes(end ?? '');
        if (wrong || broken.length > 0) failures.push(`${death.write} ${death.mode}: ${end} ${broken.join('; ')}`);
      };
      const left = deaths.values();
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (const death of left) await one(death);
        }),
      );
      expect(failures, writes.join(', ')).toEqual([]);
    });
  });
});
