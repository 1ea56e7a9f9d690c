import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gpuNode } from '../cluster/gpu-node.ts';
import { describeOnCluster } from '../support/cluster.ts';
import { chaosRuns, timeFor } from './chaos-runs.ts';
import { ChaosWorld } from './chaos-world.ts';
import { history, type Step, take } from './steps.ts';

const node = 'chaos-interleavings';
const runs = 2;

describeOnCluster('whatever happens, in whatever order', (cluster) => {
  beforeAll(() => cluster.apply(gpuNode(node, { slots: 500 })));
  afterAll(() => cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']));

  async function play(steps: readonly Step[], operators: number): Promise<void> {
    // Fewer slots than jobs, so that some have to wait.
    await using world = await ChaosWorld.open(cluster, node, 3);
    try {
      for (let count = 0; count < operators; count += 1) await world.operator();
      for (const step of steps) await take(world, step);
      for (const operator of world.living) operator.fault = () => undefined;
      await world.recorder.caughtUp();
      for (const { metadata } of world.recorder.present('RenderJob')) {
        await world.edit(metadata.name, { spec: { suspend: false } });
      }
      await world.settle();
      await world.quiet();
      // Two that no lease keeps apart: what one has just sent the other one cannot know.
      const broken = await world.broken(operators > 1 ? 500 : 0);
      expect(broken, broken.join('\n')).toEqual([]);
    } catch (error) {
      throw new Error(`${String(error)}\n${world.describe()}`, { cause: error });
    }
  }

  /** Several worlds beside each other: they wait more than they compute. */
  const worlds = fc.array(history, { minLength: 4, maxLength: 4 });

  it(
    'every job ends, once, and then nothing is written any more',
    () =>
      fc.assert(
        fc.asyncProperty(worlds, async (histories) => {
          await allOf(histories.map((steps) => play(steps, 1)));
        }),
        chaosRuns(runs),
      ),
    timeFor(runs, 180),
  );

  it(
    'also with two operators that do not know of each other',
    () =>
      fc.assert(
        fc.asyncProperty(worlds, async (histories) => {
          await allOf(histories.map((steps) => play(steps, 2)));
        }),
        chaosRuns(runs),
      ),
    timeFor(runs, 180),
  );
});

/** Waits for all of them before it fails with the first failure: a world must not outlive its test. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
