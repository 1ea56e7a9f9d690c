import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import { admitAsKueue, preemptAsKueue } from '../../support/scripted-kueue.ts';
import { describeWithPlayedPods, poolOn, TestController } from './controller-on-cluster.ts';

const patience = { timeout: 60_000, interval: 50 };

describeWithPlayedPods('a job that goes through Kueue', (cluster) => {
  let controller: TestController;
  let node = '';
  beforeEach(async () => {
    controller = await TestController.start(cluster, {
      pools: (namespace) => [poolOn('gpu', `gpu-${namespace}`)],
      policy: { kueue: true },
    });
    node = `kueue-${controller.namespace}`;
    const labels = { 'test.framewright.dev/pool': `gpu-${controller.namespace}`, flavor: 'spot' };
    await cluster.apply(gpuNode(node, { slots: 1, labels }));
  });
  afterEach(async () => {
    await controller[Symbol.asyncDispose]();
    await cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']);
  });

  const admitJob = (job: string): Promise<void> => admitAsKueue(cluster, controller.namespace, job, { flavor: 'spot' });
  const field = (job: string, path: string): Promise<string> =>
    controller.kubectl('get', 'job', job, '-o', `jsonpath=${path}`);

  it('waits for Kueue, runs where Kueue admits it, and keeps everything that Kueue wrote', async () => {
    await controller.create('film', { queue: 'films' });
    const { status } = await controller.until('film', 'Queued', 'WaitingForQueue');
    expect(status?.message).toBe('Waiting for Kueue to admit the job in queue films.');
    expect(await field('film-1-render', '{.spec.suspend} {.metadata.labels.kueue\\.x-k8s\\.io/queue-name}')).toBe(
      'true films',
    );
    expect(await controller.kubectl('get', 'pods', '-o', 'name')).toBe('');
    await admitJob('film-1-render');
    await controller.until('film', 'Running', 'Rendering');
    await controller.restart();
    await controller.patch('film', { priority: 5 });
    await vi.waitFor(async () => expect((await controller.job('film'))?.status?.observedGeneration).toBe(2), patience);
    expect(await field('film-1-render', '{.spec.suspend} {.spec.template.spec.nodeSelector.flavor}')).toBe(
      'false spot',
    );
  });

  it('needs no slot of the controller, and holds none until it runs', async () => {
    for (const name of ['a', 'b', 'c']) await controller.create(name, { queue: 'films' });
    for (const name of ['a', 'b', 'c']) await controller.until(name, 'Queued', 'WaitingForQueue');
    await controller.create('own');
    await controller.until('own', 'Running', 'Rendering');
  });

  it('continues as another attempt after Kueue preempted the first, which never runs again', async () => {
    await controller.create('film', { queue: 'films', retry: { limit: 0 } });
    await controller.until('film', 'Queued', 'WaitingForQueue');
    await admitJob('film-1-render');
    await controller.until('film', 'Running', 'Rendering');
    await preemptAsKueue(cluster, controller.namespace, 'film-1-render');
    await vi.waitFor(async () => {
      expect((await controller.job('film'))?.status).toMatchObject({
        attempt: 2,
        reason: 'WaitingForQueue',
        failures: 0,
      });
    }, patience);
    // Whether it is gone or ended: Kueue can let it run, and no pod comes of it.
    await vi.waitFor(async () => {
      const names = await controller.kubectl('get', 'jobs', '-o', 'jsonpath={.items[*].metadata.name}');
      if (names.includes('film-1-render'))
        expect(await field('film-1-render', '{.spec.activeDeadlineSeconds}')).toBe('0');
    }, patience);
    await admitJob('film-1-render').catch(() => undefined);
    await admitJob('film-2-render');
    await controller.until('film', 'Running', 'Rendering');
    const pods = await controller.kubectl(
      'get',
      'pods',
      '-o',
      'jsonpath={.items[*].metadata.labels.framewright\\.dev/attempt}',
    );
    expect(pods).toBe('2');
  });

  it('is cancelled while it waits for Kueue, and leaves the queue', async () => {
    await controller.create('film', { queue: 'films' });
    await controller.until('film', 'Queued', 'WaitingForQueue');
    await controller.patch('film', { cancelled: true });
    await controller.until('film', 'Cancelled', 'Cancelled');
    await vi.waitFor(async () => expect(await controller.kubectl('get', 'jobs', '-o', 'name')).toBe(''), patience);
  });

  it('is cancelled while it runs', async () => {
    await controller.create('film', { queue: 'films' });
    await controller.until('film', 'Queued', 'WaitingForQueue');
    await admitJob('film-1-render');
    await controller.until('film', 'Running', 'Rendering');
    await controller.patch('film', { cancelled: true });
    await controller.until('film', 'Cancelled', 'Cancelled');
    await vi.waitFor(async () => {
      expect(await field('film-1-render', '{.status.conditions[?(@.type=="Failed")].reason}')).toBe('DeadlineExceeded');
    }, patience);
    expect(await field('film-1-render', '{.spec.suspend}')).toBe('false');
  });
});
