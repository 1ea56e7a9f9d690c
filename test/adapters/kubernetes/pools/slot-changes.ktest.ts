import { expect, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { KubernetesStageRunner } from '../../../../src/adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import { gpuNode } from '../../../cluster/gpu-node.ts';
import { describeOnCluster, itWithPlayedPods } from '../../../support/cluster.ts';

const patience = { timeout: 60_000, interval: 50 };
const resourceName = 'gpu.intel.com/i915';

describeOnCluster('slots in Kubernetes', (cluster) => {
  itWithPlayedPods(cluster, 'change when a node is added, cordoned and uncordoned', async () => {
    await using stack = new AsyncDisposableStack();
    const node = 'slot-changes';
    stack.defer(async () => void (await cluster.run(['delete', 'node', node, '--wait=false'])));
    await cluster.apply(gpuNode(node, { slots: 3 }));
    const credentials = await kubeconfigCredentials(cluster.kubeconfig);
    const transport = stack.use(new Transport(credentials, { userAgent: 'framewright-test' }));
    const nodeSelector = { 'kubernetes.io/hostname': node };
    const pool = { name: 'gpu', image: 'w', allocation: { type: 'DevicePlugin' as const, resourceName }, nodeSelector };
    const runner = stack.use(
      new KubernetesStageRunner(transport, { pools: [pool], graceSeconds: 1, timeoutSlackSeconds: 1 }),
    );
    const stop = new AbortController();
    stack.defer(() => stop.abort());
    // Only notifications are read: a waiting reader does not poll in between.
    let slots = -1;
    const following = (async () => {
      for await (const _ of runner.watchSlots(stop.signal)) slots = (await runner.slots())[0]?.slots ?? -1;
    })();
    stack.defer(async () => {
      stop.abort();
      await following;
    });
    await vi.waitFor(() => expect(slots).toBe(3), patience);
    await cluster.run(['cordon', node]);
    await vi.waitFor(() => expect(slots).toBe(0), patience);
    await cluster.run(['uncordon', node]);
    await vi.waitFor(() => expect(slots).toBe(3), patience);
  });
});
