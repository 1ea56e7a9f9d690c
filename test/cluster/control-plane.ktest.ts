import { beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { describeOnCluster, describeWithPrograms, itWithPlayedPods } from '../support/cluster.ts';
import { kubectl } from './cluster.ts';
import { startControlPlane } from './control-plane/control-plane.ts';
import { gpuNode } from './gpu-node.ts';
import { startNatsServer } from './services/nats-server.ts';
import { startS3Server } from './services/s3-server.ts';

const Job = z.object({ status: z.object({ conditions: z.array(z.object({ type: z.string(), reason: z.string() })) }) });
const Pods = z.object({
  items: z.array(
    z.object({
      spec: z.object({ nodeName: z.string() }),
      status: z.object({
        containerStatuses: z.array(
          z.object({ state: z.object({ terminated: z.object({ exitCode: z.int(), message: z.string() }) }) }),
        ),
      }),
    }),
  ),
});

describeOnCluster('the cluster of the tests', (cluster) => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await cluster.namespace();
  });

  it('serves RenderJobs', async () => {
    expect(await cluster.run(['get', 'renderjobs', '-n', namespace, '-o', 'name'])).toBe('');
  });

  itWithPlayedPods(cluster, 'runs a Job on a simulated GPU node until it ends as its pod sets', async () => {
    const node = `node-${namespace}`;
    const annotations = { 'test.framewright.dev/exit-code': '42', 'test.framewright.dev/message': '{"code":"X"}' };
    const limits = { 'gpu.intel.com/i915': '1' };
    await cluster.apply(gpuNode(node), {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'ends', namespace },
      spec: {
        backoffLimit: 0,
        template: {
          metadata: { annotations },
          spec: {
            restartPolicy: 'Never',
            nodeSelector: { 'kubernetes.io/hostname': node },
            containers: [{ name: 'worker', image: 'none', resources: { limits } }],
          },
        },
      },
    });
    await cluster.run(['wait', '--for=condition=Failed', '--timeout=60s', '-n', namespace, 'job/ends']);
    const job = Job.parse(JSON.parse(await cluster.run(['get', 'job', 'ends', '-n', namespace, '-o', 'json'])));
    expect(job.status.conditions).toContainEqual({ type: 'Failed', reason: 'BackoffLimitExceeded' });
    const { items } = Pods.parse(JSON.parse(await cluster.run(['get', 'pods', '-n', namespace, '-o', 'json'])));
    expect(items).toHaveLength(1);
    expect(items[0]?.spec.nodeName).toBe(node);
    const terminated = items[0]?.status.containerStatuses[0]?.state.terminated;
    expect(terminated).toEqual({ exitCode: 42, message: '{"code":"X"}' });
  });
});

describeWithPrograms('cluster', 'a control plane of its own', (paths) => {
  it('starts beside another one, and leaves nothing when it is stopped', async () => {
    const pids = await (async () => {
      await using plane = await startControlPlane(paths);
      const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
      expect(await kubectl(access, ['get', 'namespaces', '-o', 'name'])).toContain('namespace/default');
      return [...plane.programs.values()].map(({ pid }) => pid);
    })();
    expect(pids).toHaveLength(5);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describeWithPrograms('nats', 'a NATS server', (paths) => {
  it('reports its port, and restarts on the same one', async () => {
    const path = paths['nats-server'] ?? '';
    let port = 0;
    {
      await using server = await startNatsServer(path);
      port = Number(new URL(server.url).port);
    }
    await using again = await startNatsServer(path, { port });
    expect(Number(new URL(again.url).port)).toBe(port);
  });
});

describeWithPrograms('s3', 'an S3 server', (paths) => {
  it('rejects requests without a key', async () => {
    await using server = await startS3Server(paths['versitygw'] ?? '');
    await vi.waitFor(async () => expect((await fetch(server.endpoint)).status).toBe(403));
  });
});
