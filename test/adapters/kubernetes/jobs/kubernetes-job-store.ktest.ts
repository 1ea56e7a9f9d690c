import { afterAll, beforeAll } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../../../src/adapters/kubernetes/jobs/kubernetes-job-store.ts';
import {
  acceptRenderJob,
  renderJobPath,
  renderJobsPath,
} from '../../../../src/adapters/kubernetes/jobs/render-job-object.ts';
import { isRecord } from '../../../../src/lib/json.ts';
import { systemClock as clock } from '../../../../src/lib/system-clock.ts';
import { applyDefinitions, kubectl } from '../../../cluster/cluster.ts';
import { startControlPlane } from '../../../cluster/control-plane/control-plane.ts';
import { jobStoreContract } from '../../../contract/job-store.ts';
import { describeWithPrograms } from '../../../support/cluster.ts';

// A control plane of its own: the contract looks at all jobs of all namespaces, and other suites make some.
describeWithPrograms('cluster', 'RenderJobs in Kubernetes', (paths) => {
  const stack = new AsyncDisposableStack();
  let transport: Transport;

  beforeAll(async () => {
    const plane = stack.use(await startControlPlane(paths));
    const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
    await applyDefinitions(access);
    for (const namespace of ['media', 'other']) await kubectl(access, ['create', 'namespace', namespace]);
    transport = stack.use(
      new Transport(await kubeconfigCredentials(plane.kubeconfig), { userAgent: 'framewright-test' }),
    );
  });
  afterAll(() => stack.disposeAsync());

  /** All jobs, also those that wait for a clean-up. */
  async function removeAll(): Promise<void> {
    const list = await transport.request({ path: renderJobsPath() });
    const items =
      isRecord(list) && Array.isArray(list['items'])
        ? list['items'].flatMap((item) => acceptRenderJob(item) ?? [])
        : [];
    for (const { job } of items) {
      const path = renderJobPath(job.metadata);
      const body = { metadata: { finalizers: null } };
      await transport.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
      if (job.metadata.deletionTimestamp === undefined) await transport.request({ method: 'DELETE', path });
    }
  }

  jobStoreContract('Kubernetes', async ({ defaultTtlSeconds }) => {
    await removeAll();
    const opened: KubernetesJobStore[] = [];
    const reopen = async () => {
      const store = new KubernetesJobStore(transport, { clock, defaultTtlSeconds });
      opened.push(store);
      await store.whenSynced();
      return store;
    };
    return {
      store: await reopen(),
      reopen,
      async [Symbol.asyncDispose]() {
        for (const store of opened) await store[Symbol.asyncDispose]();
      },
    };
  });
});
