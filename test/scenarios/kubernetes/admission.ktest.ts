import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import { describeWithPlayedPods, poolOn, resourceName, TestController } from './controller-on-cluster.ts';

const patience = { timeout: 60_000, interval: 100 };

describeWithPlayedPods('admission on a cluster', (cluster) => {
  let controller: TestController;
  const nodes: string[] = [];
  beforeEach(async () => {
    controller = await TestController.start(cluster, {
      pools: (namespace) => [
        poolOn('gpu', `gpu-${namespace}`),
        poolOn('cpu', `cpu-${namespace}`, { allocation: { type: 'None' }, maxConcurrent: 1 }),
      ],
      policy: { lookAhead: 1 },
    });
  });
  afterEach(async () => {
    await controller[Symbol.asyncDispose]();
    for (const node of nodes.splice(0))
      await cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']);
  });

  async function node(name: string, slots: number): Promise<string> {
    const full = `${name}-${controller.namespace}`;
    nodes.push(full);
    const labels = { 'test.framewright.dev/pool': `gpu-${controller.namespace}` };
    await cluster.apply(gpuNode(full, { slots, labels }));
    return full;
  }
  const words = async (name: string): Promise<string> => (await controller.job(name))?.status?.message ?? '';

  it('creates pods for all slots and a small look-ahead, and gives the other jobs a queue position', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `job-${index}`);
    await Promise.all(names.map((name) => controller.create(name, { acceleration: 'Required' })));
    await controller.until('job-0', 'Queued', 'WaitingForGpu');
    expect(await controller.kubectl('get', 'jobs,pods', '-o', 'name')).toBe('');
    await node('a', 2);
    await vi.waitFor(async () => {
      const jobs = (await controller.kubectl('get', 'jobs', '-o', 'name')).trim().split('\n');
      expect(jobs).toHaveLength(3);
    }, patience);
    await vi.waitFor(async () => {
      const described = await Promise.all(names.map(words));
      const waiting = described.filter((text) =>
        text.startsWith('Waiting for a free GPU slot in pool gpu: 2 of 2 are in use and '),
      );
      expect(waiting).toHaveLength(27);
      // Each has its own number.
      expect(new Set(waiting).size).toBe(27);
    }, patience);
    // The look-ahead job reports last that the scheduler has no slot for its pod.
    await vi.waitFor(async () => {
      const jobs = await Promise.all(names.map((name) => controller.job(name)));
      const reasons = jobs.map((job) => job?.status?.reason).filter((reason) => reason !== 'WaitingForSlot');
      expect(reasons.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual([
        'Rendering',
        'Rendering',
        'Unschedulable',
      ]);
    }, patience);
    // At rest nothing is written, and a new operator changes none of the messages.
    const writes = controller.writes.length;
    await controller.restart();
    await controller.create('last', { acceleration: 'Required', priority: -100 });
    await vi.waitFor(async () => expect(await words('last')).toContain('27 jobs are ahead'), patience);
    expect(controller.writes.length - writes).toBe(2);
  });

  it('counts the allocatable slots of nodes as they are added and removed', async () => {
    const name = await node('a', 0);
    await controller.create('one', { acceleration: 'Required' });
    await controller.until('one', 'Queued', 'WaitingForGpu');
    expect(await words('one')).toContain(`none of its nodes offers ${resourceName}`);
    const features = JSON.stringify({
      status: { capacity: { [resourceName]: '4' }, allocatable: { [resourceName]: '4' } },
    });
    await cluster.run(['cordon', name]);
    await cluster.run(['patch', 'node', name, '--subresource=status', '--type=merge', '-p', features]);
    await vi.waitFor(async () => expect(await words('one')).toContain('(1 cordoned)'), patience);
    await cluster.run(['uncordon', name]);
    await controller.until('one', 'Running', 'Rendering');
    await cluster.run(['taint', 'node', name, 'maintenance=true:NoSchedule']);
    await controller.create('two', { acceleration: 'Required' });
    await controller.until('two', 'Queued', 'WaitingForGpu');
    expect(await words('two')).toContain('(1 tainted)');
    await cluster.run(['taint', 'node', name, 'maintenance-']);
    await controller.until('two', 'Running', 'Rendering');
  });

  it('sends a job that prefers a GPU to a CPU pool only while no node has a GPU', async () => {
    nodes.push(`c-${controller.namespace}`);
    const labels = { 'test.framewright.dev/pool': `cpu-${controller.namespace}` };
    await cluster.apply(gpuNode(`c-${controller.namespace}`, { slots: 0, labels }));
    await controller.create('without');
    const { status } = await controller.until('without', 'Running', 'RenderingWithoutGpu');
    expect(status?.message).toMatch(
      /^Rendering on \S+\. No node had a usable GPU, so the job was admitted to pool cpu\.$/,
    );
    expect(status?.attempts).toMatchObject([{ pool: 'cpu' }]);
    await node('a', 2);
    await controller.create('needs', { acceleration: 'Required' });
    await controller.until('needs', 'Running', 'Rendering');
    await controller.create('with');
    expect((await controller.until('with', 'Running', 'Rendering')).status?.attempts).toMatchObject([{ pool: 'gpu' }]);
    await controller.create('software', { acceleration: 'Disabled' });
    await controller.until('software', 'Queued', 'WaitingForSlot');
    expect(await words('software')).toMatch(
      /^Waiting for a free slot in pool cpu: 1 of 1 are in use and this job is next;/,
    );
  });

  it('finds after a restart in which pool each job holds its slot', async () => {
    await node('a', 1);
    await controller.create('one', { acceleration: 'Required' });
    await controller.until('one', 'Running', 'Rendering');
    await controller.restart();
    await controller.create('two', { acceleration: 'Required' });
    // The look-ahead: its pod waits for the slot, in the words of the scheduler.
    await controller.until('two', 'Starting', 'Unschedulable');
    await controller.create('three', { acceleration: 'Required' });
    await controller.until('three', 'Queued', 'WaitingForSlot');
  });

  it('leaves slots that other pods have taken to the scheduler', async () => {
    const name = await node('a', 1);
    const foreign = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'foreign', namespace: controller.namespace },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': name },
        containers: [{ name: 'a', image: 'a', resources: { limits: { [resourceName]: '1' } } }],
      },
    };
    await cluster.apply(foreign);
    await controller.kubectl('wait', 'pod/foreign', '--for=jsonpath={.status.phase}=Running', '--timeout=60s');
    await controller.create('one', { acceleration: 'Required' });
    await controller.until('one', 'Starting', 'Unschedulable');
    expect(await words('one')).toContain(`Insufficient ${resourceName}`);
    await controller.kubectl('delete', 'pod', 'foreign', '--wait=false');
    await controller.until('one', 'Running', 'Rendering');
  });
});
