import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { microTime } from '../../../../src/adapters/kubernetes/client/lease/lease-record.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { ClusterCapacity } from '../../../../src/adapters/kubernetes/pools/cluster-capacity.ts';
import type { Pool } from '../../../../src/adapters/kubernetes/pools/pool.ts';
import { freePort } from '../../../cluster/control-plane/free-port.ts';
import { gpuNode } from '../../../cluster/gpu-node.ts';
import { describeOnCluster } from '../../../support/cluster.ts';

describeOnCluster('the capacity of a cluster', (cluster) => {
  const stack = new AsyncDisposableStack();
  const mark = randomBytes(3).toString('hex');
  let transport: Transport;
  let namespace = '';
  let calls = 0;

  const gpu: Pool = {
    name: 'gpu',
    image: 'worker',
    allocation: { type: 'DevicePlugin', resourceName: 'gpu.intel.com/i915' },
    nodeSelector: { 'kubernetes.io/hostname': `capacity-${mark}` },
  };
  const cpu: Pool = { name: 'cpu', image: 'worker', allocation: { type: 'None' }, maxConcurrent: 3 };

  beforeAll(async () => {
    const credentials = await kubeconfigCredentials(cluster.kubeconfig);
    transport = stack.use(
      new Transport(credentials, {
        userAgent: 'framewright-test',
        onAnswer: () => {
          calls += 1;
        },
      }),
    );
    namespace = await cluster.namespace();
    const node = gpuNode(`capacity-${mark}`, { slots: 2 });
    await cluster.apply({ ...node, metadata: { ...node.metadata } });
    const patch = JSON.stringify({ status: node.status });
    await cluster.run(['patch', 'node', node.metadata.name, '--subresource=status', '--type=merge', '-p', patch]);
    stack.defer(async () => {
      await cluster.run(['delete', 'node', node.metadata.name]);
    });
  });
  afterAll(() => stack.disposeAsync());

  const capacity = (pools: readonly Pool[], now = Date.now): ClusterCapacity =>
    new ClusterCapacity(transport, { pools, lease: { namespace, name: 'operator' }, now });
  const lease = (holder: string, renewed: number): Promise<void> =>
    cluster.apply({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: 'operator' },
      spec: { holderIdentity: holder, leaseDurationSeconds: 15, renewTime: microTime(renewed) },
    });

  it('counts the slots of each pool', async () => {
    await expect
      .poll(async () => (await capacity([gpu, cpu]).get()).pools, { timeout: 30_000 })
      .toMatchObject([
        { pool: 'gpu', slots: 2, gpu: true },
        { pool: 'cpu', slots: 3, gpu: false },
      ]);
  });

  it('has a leading operator when the lease has a holder and a recent renewal', async () => {
    const led = async (): Promise<boolean> => (await capacity([cpu]).get()).led;
    expect(await led()).toBe(false);
    await lease('operator-1', Date.now());
    expect(await led()).toBe(true);
    await lease('operator-1', Date.now() - 60_000);
    expect(await led()).toBe(false);
    await lease('', Date.now());
    expect(await led()).toBe(false);
  });

  it('asks once for many who want to know within seconds, and again after that', async () => {
    let now = 1_000_000;
    const asked = capacity([gpu], () => now);
    calls = 0;
    await Promise.all([asked.get(), asked.get(), asked.get()]);
    await asked.get();
    expect(calls).toBe(2);
    now += 5001;
    await asked.get();
    expect(calls).toBe(4);
  });

  it('fails while the API server is unavailable, and works again after that', async () => {
    const nowhere = {
      ...(await kubeconfigCredentials(cluster.kubeconfig)),
      server: `https://127.0.0.1:${await freePort()}`,
    };
    await using away = new Transport(nowhere, { userAgent: 'framewright-test' });
    const asked = new ClusterCapacity(away, { pools: [cpu], lease: { namespace, name: 'operator' }, now: Date.now });
    const first = asked.get();
    await expect(first).rejects.toThrow('ECONNREFUSED');
    expect(asked.get()).not.toBe(first);
    await expect(asked.get()).rejects.toThrow('ECONNREFUSED');
  });
});
