import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import { Brain, describeWithPlayedPods, poolOn, resourceName } from './controller-on-cluster.ts';

const patience = { timeout: 60_000, interval: 100 };

describeWithPlayedPods('admission on a cluster', (cluster) => {
  let brain: Brain;
  const nodes: string[] = [];
  beforeEach(async () => {
    brain = await Brain.start(cluster, {
      pools: (namespace) => [
        poolOn('gpu', `gpu-${namespace}`),
        poolOn('cpu', `cpu-${namespace}`, { allocation: { type: 'None' }, maxConcurrent: 1 }),
      ],
      policy: { lookAhead: 1 },
    });
  });
  afterEach(async () => {
    await brain[Symbol.asyncDispose]();
    for (const node of nodes.splice(0))
      await cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']);
  });

  async function node(name: string, slots: number): Promise<string> {
    const full = `${name}-${brain.namespace}`;
    nodes.push(full);
    const labels = { 'test.framewright.dev/pool': `gpu-${brain.namespace}` };
    await cluster.apply(gpuNode(full, { slots, labels }));
    return full;
  }
  const words = async (name: string): Promise<string> => (await brain.job(name))?.status?.message ?? '';

  it('makes pods for the slots there are and a small look-ahead, and tells the others how many are ahead', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `job-${index}`);
    await Promise.all(names.map((name) => brain.create(name, { acceleration: 'Required' })));
    await brain.until('job-0', 'Queued', 'WaitingForGpu');
    expect(await brain.kubectl('get', 'jobs,pods', '-o', 'name')).toBe('');
    await node('a', 2);
    await vi.waitFor(async () => {
      const jobs = (await brain.kubectl('get', 'jobs', '-o', 'name')).trim().split('\n');
      expect(jobs).toHaveLength(3);
    }, patience);
    await vi.waitFor(async () => {
      const told = await Promise.all(names.map(words));
      const waiting = told.filter((text) =>
        text.startsWith('Waiting for a free GPU slot in pool gpu: 2 of 2 in use, '),
      );
      expect(waiting).toHaveLength(27);
      // Each has its own number.
      expect(new Set(waiting).size).toBe(27);
    }, patience);
    // At rest nothing is written, and a new operator changes nothing of what was said.
    const writes = brain.writes.length;
    await brain.restart();
    await brain.create('last', { acceleration: 'Required', priority: -100 });
    await vi.waitFor(async () => expect(await words('last')).toContain('27 jobs ahead'), patience);
    expect(brain.writes.length - writes).toBe(2);
  });

  it('counts what nodes can give out now, as they come and go', async () => {
    const name = await node('a', 0);
    await brain.create('one', { acceleration: 'Required' });
    await brain.until('one', 'Queued', 'WaitingForGpu');
    expect(await words('one')).toContain(`none of its nodes offers ${resourceName}`);
    const features = JSON.stringify({
      status: { capacity: { [resourceName]: '4' }, allocatable: { [resourceName]: '4' } },
    });
    await cluster.run(['cordon', name]);
    await cluster.run(['patch', 'node', name, '--subresource=status', '--type=merge', '-p', features]);
    await vi.waitFor(async () => expect(await words('one')).toContain('(1 cordoned)'), patience);
    await cluster.run(['uncordon', name]);
    await brain.until('one', 'Running', 'Rendering');
    await cluster.run(['taint', 'node', name, 'maintenance=true:NoSchedule']);
    await brain.create('two', { acceleration: 'Required' });
    await brain.until('two', 'Queued', 'WaitingForGpu');
    expect(await words('two')).toContain('(1 tainted)');
    await cluster.run(['taint', 'node', name, 'maintenance-']);
    await brain.until('two', 'Running', 'Rendering');
  });

  it('sends a job that prefers a GPU to a CPU pool where no node has one, and to the GPU pool where one has', async () => {
    nodes.push(`c-${brain.namespace}`);
    const labels = { 'test.framewright.dev/pool': `cpu-${brain.namespace}` };
    await cluster.apply(gpuNode(`c-${brain.namespace}`, { slots: 0, labels }));
    await brain.create('without');
    const { status } = await brain.until('without', 'Running', 'RenderingWithoutGpu');
    expect(status?.message).toMatch(/^Rendering on \S+\. No node had a usable GPU, so the job went to pool cpu\.$/);
    expect(status?.attempts).toMatchObject([{ pool: 'cpu' }]);
    await node('a', 2);
    await brain.create('needs', { acceleration: 'Required' });
    await brain.until('needs', 'Running', 'Rendering');
    await brain.create('with');
    expect((await brain.until('with', 'Running', 'Rendering')).status?.attempts).toMatchObject([{ pool: 'gpu' }]);
    await brain.create('software', { acceleration: 'Disabled' });
    await brain.until('software', 'Queued', 'WaitingForSlot');
    expect(await words('software')).toMatch(/^Waiting for a free slot in pool cpu: 1 of 1 in use, next in line;/);
  });

  it('knows after a restart in which pool each job holds its slot', async () => {
    await node('a', 1);
    await brain.create('one', { acceleration: 'Required' });
    await brain.until('one', 'Running', 'Rendering');
    await brain.restart();
    await brain.create('two', { acceleration: 'Required' });
    // The look-ahead: its pod waits for the slot, in the words of the scheduler.
    await brain.until('two', 'Starting', 'Unschedulable');
    await brain.create('three', { acceleration: 'Required' });
    await brain.until('three', 'Queued', 'WaitingForSlot');
  });

  it('leaves to the scheduler what it does not see: slots that pods of others have taken', async () => {
    const name = await node('a', 1);
    const foreign = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'foreign', namespace: brain.namespace },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': name },
        containers: [{ name: 'a', image: 'a', resources: { limits: { [resourceName]: '1' } } }],
      },
    };
    await cluster.apply(foreign);
    await brain.kubectl('wait', 'pod/foreign', '--for=jsonpath={.status.phase}=Running', '--timeout=60s');
    await brain.create('one', { acceleration: 'Required' });
    await brain.until('one', 'Starting', 'Unschedulable');
    expect(await words('one')).toContain(`Insufficient ${resourceName}`);
    await brain.kubectl('delete', 'pod', 'foreign', '--wait=false');
    await brain.until('one', 'Running', 'Rendering');
  });
});
