import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import { admitAsKueue, preemptAsKueue } from '../../support/scripted-kueue.ts';
import { Brain, describeWithPlayedPods, poolOn } from './controller-on-cluster.ts';

const patience = { timeout: 60_000, interval: 50 };

describeWithPlayedPods('a job that goes through Kueue', (cluster) => {
  let brain: Brain;
  let node = '';
  beforeEach(async () => {
    brain = await Brain.start(cluster, {
      pools: (namespace) => [poolOn('gpu', `gpu-${namespace}`)],
      policy: { kueue: true },
    });
    node = `kueue-${brain.namespace}`;
    const labels = { 'test.framewright.dev/pool': `gpu-${brain.namespace}`, flavor: 'spot' };
    await cluster.apply(gpuNode(node, { slots: 1, labels }));
  });
  afterEach(async () => {
    await brain[Symbol.asyncDispose]();
    await cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']);
  });

  const admitJob = (job: string): Promise<void> => admitAsKueue(cluster, brain.namespace, job, { flavor: 'spot' });
  const field = (job: string, path: string): Promise<string> =>
    brain.kubectl('get', 'job', job, '-o', `jsonpath=${path}`);

  it('waits suspended, says so, runs where Kueue lets it, and none of what Kueue wrote is written again', async () => {
    await brain.create('film', { queue: 'films' });
    const { status } = await brain.until('film', 'Queued', 'WaitingForQueue');
    expect(status?.message).toBe('Waiting for Kueue to admit the job in queue films.');
    expect(await field('film-1-render', '{.spec.suspend} {.metadata.labels.kueue\\.x-k8s\\.io/queue-name}')).toBe(
      'true films',
    );
    expect(await brain.kubectl('get', 'pods', '-o', 'name')).toBe('');
    await admitJob('film-1-render');
    await brain.until('film', 'Running', 'Rendering');
    await brain.restart();
    await brain.wish('film', { priority: 5 });
    await vi.waitFor(async () => expect((await brain.job('film'))?.status?.observedGeneration).toBe(2), patience);
    expect(await field('film-1-render', '{.spec.suspend} {.spec.template.spec.nodeSelector.flavor}')).toBe(
      'false spot',
    );
  });

  it('waits for no slot of ours, and holds none until it runs', async () => {
    for (const name of ['a', 'b', 'c']) await brain.create(name, { queue: 'films' });
    for (const name of ['a', 'b', 'c']) await brain.until(name, 'Queued', 'WaitingForQueue');
    await brain.create('own');
    await brain.until('own', 'Running', 'Rendering');
  });

  it('goes on as another attempt when Kueue takes its slot away, and the first never runs again', async () => {
    await brain.create('film', { queue: 'films', retry: { limit: 0 } });
    await brain.until('film', 'Queued', 'WaitingForQueue');
    await admitJob('film-1-render');
    await brain.until('film', 'Running', 'Rendering');
    await preemptAsKueue(cluster, brain.namespace, 'film-1-render');
    await vi.waitFor(async () => {
      expect((await brain.job('film'))?.status).toMatchObject({ attempt: 2, reason: 'WaitingForQueue', failures: 0 });
    }, patience);
    // Whether it is gone or ended: Kueue can let it run, and no pod comes of it.
    await vi.waitFor(async () => {
      const names = await brain.kubectl('get', 'jobs', '-o', 'jsonpath={.items[*].metadata.name}');
      if (names.includes('film-1-render'))
        expect(await field('film-1-render', '{.spec.activeDeadlineSeconds}')).toBe('0');
    }, patience);
    await admitJob('film-1-render').catch(() => undefined);
    await admitJob('film-2-render');
    await brain.until('film', 'Running', 'Rendering');
    const pods = await brain.kubectl(
      'get',
      'pods',
      '-o',
      'jsonpath={.items[*].metadata.labels.framewright\\.dev/attempt}',
    );
    expect(pods).toBe('2');
  });

  it('is cancelled while it waits for Kueue, and nothing of it stays in the queue', async () => {
    await brain.create('film', { queue: 'films' });
    await brain.until('film', 'Queued', 'WaitingForQueue');
    await brain.wish('film', { cancelled: true });
    await brain.until('film', 'Cancelled', 'Cancelled');
    await vi.waitFor(async () => expect(await brain.kubectl('get', 'jobs', '-o', 'name')).toBe(''), patience);
  });

  it('is cancelled while it runs', async () => {
    await brain.create('film', { queue: 'films' });
    await brain.until('film', 'Queued', 'WaitingForQueue');
    await admitJob('film-1-render');
    await brain.until('film', 'Running', 'Rendering');
    await brain.wish('film', { cancelled: true });
    await brain.until('film', 'Cancelled', 'Cancelled');
    await vi.waitFor(async () => {
      expect(await field('film-1-render', '{.status.conditions[?(@.type=="Failed")].reason}')).toBe('DeadlineExceeded');
    }, patience);
    expect(await field('film-1-render', '{.spec.suspend}')).toBe('false');
  });
});
