import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import type { Pool } from '../../../../src/adapters/kubernetes/pools/pool.ts';
import { KubernetesStageRunner } from '../../../../src/adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import { type ControlPlane, startControlPlane } from '../../../cluster/control-plane/control-plane.ts';
import { ProcessKubelet } from '../../../cluster/process-kubelet/process-kubelet.ts';
import { stageRunnerContract } from '../../../contract/stage-runner.ts';
import { slots } from '../../../contract/stage-runner-harness.ts';
import { describeWithPrograms } from '../../../support/cluster.ts';
import { startsFile, startsIn } from '../../processes/runner-setup.ts';

const fakeWorker = fileURLToPath(import.meta.resolve('../../../fixtures/fake-worker.ts'));
const resourceName = 'gpu.intel.com/i915';

// A control plane of its own, without the garbage collector: the contract's RenderJobs do not exist, and it would
// remove their Jobs as garbage.
describeWithPrograms('cluster', 'stages as Jobs of Kubernetes', (paths) => {
  const stack = new AsyncDisposableStack();
  let plane: ControlPlane;
  let transport: Transport;
  let count = 0;

  beforeAll(async () => {
    plane = stack.use(await startControlPlane(paths, { without: ['garbage-collector-controller'] }));
    const credentials = await kubeconfigCredentials(plane.kubeconfig);
    transport = stack.use(new Transport(credentials, { userAgent: 'framewright-test' }));
    const metadata = { name: 'media' };
    await transport.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata } });
  });
  afterAll(() => stack.disposeAsync());

  stageRunnerContract('Kubernetes', async () => {
    count += 1;
    const folder = await mkdtemp(join(tmpdir(), 'framewright-runner-'));
    const node = `gpu-${count}`;
    const kubelet = await ProcessKubelet.start(transport, {
      node,
      gpuSlots: slots,
      command: [process.execPath, '--disable-warning=ExperimentalWarning', fakeWorker],
      environment: { FAKE_WORKER_STARTS: startsFile(folder) },
      certificate: plane.certificate,
    });
    const pool: Pool = {
      name: 'pool',
      allocation: { type: 'DevicePlugin', resourceName },
      image: 'example.com/worker:test',
      nodeSelector: { 'kubernetes.io/hostname': node },
      scratchSize: '1Gi',
    };
    const opened: KubernetesStageRunner[] = [];
    const open = (): KubernetesStageRunner => {
      const runner = new KubernetesStageRunner(transport, { pools: [pool], graceSeconds: 60, timeoutSlackSeconds: 30 });
      opened.push(runner);
      return runner;
    };
    return {
      runner: open(),
      pool: pool.name,
      inOrder: false,
      started: async () => (await startsIn(folder)).map(({ name }) => name),
      async reopen() {
        await opened.at(-1)?.[Symbol.asyncDispose]();
        return open();
      },
      async [Symbol.asyncDispose]() {
        for (const runner of opened) await runner[Symbol.asyncDispose]();
        await kubelet[Symbol.asyncDispose]();
        await clear();
        await transport.request({ method: 'DELETE', path: `/api/v1/nodes/${node}` });
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  });

  /** Jobs first: without them the Job controller lets go of their pods. */
  async function clear(): Promise<void> {
    const jobs = '/apis/batch/v1/namespaces/media/jobs';
    await transport.request({ method: 'DELETE', path: jobs, query: { propagationPolicy: 'Background' } });
    const pods = '/api/v1/namespaces/media/pods';
    await transport.request({ method: 'DELETE', path: pods, body: { gracePeriodSeconds: 0 } });
  }
});
