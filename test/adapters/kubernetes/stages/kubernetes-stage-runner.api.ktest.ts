import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../../../src/adapters/kubernetes/jobs/kubernetes-job-store.ts';
import type { Pool } from '../../../../src/adapters/kubernetes/pools/pool.ts';
import { KubernetesStageRunner } from '../../../../src/adapters/kubernetes/stages/kubernetes-stage-runner.ts';
import { stageJob } from '../../../../src/adapters/kubernetes/stages/stage-job.ts';
import { isRecord } from '../../../../src/lib/json.ts';
import { systemClock as clock } from '../../../../src/lib/system-clock.ts';
import type { RenderJob } from '../../../../src/model/job/render-job.ts';
import type { StageIdentity } from '../../../../src/model/job/stage.ts';
import { hasEnded } from '../../../../src/ports/stage-runner.ts';
import { gpuNode } from '../../../cluster/gpu-node.ts';
import { stageOf, untilRun } from '../../../contract/stage-runner-harness.ts';
import { newJob } from '../../../contract/support.ts';
import { describeOnCluster, itWithPlayedPods } from '../../../support/cluster.ts';
import { FaultProxy } from '../../../support/fault-proxy.ts';

const resourceName = 'gpu.intel.com/i915';
const patience = { timeout: 60_000, interval: 20 };
const options = { graceSeconds: 5, timeoutSlackSeconds: 30 };

describeOnCluster('stages in Kubernetes', (cluster) => {
  let namespace = '';
  let node = '';
  let stack: AsyncDisposableStack;
  let proxy: FaultProxy;
  let runner: KubernetesStageRunner;
  let store: KubernetesJobStore;
  /** How pods of the test end, as kwok plays them. */
  let ending: Record<string, string>;
  beforeEach(async () => {
    namespace = await cluster.namespace();
    node = `node-${namespace}`;
    ending = {};
    stack = new AsyncDisposableStack();
    const before = await FaultProxy.before(await kubeconfigCredentials(cluster.kubeconfig));
    proxy = stack.use(before.proxy);
    const transport = stack.use(new Transport(before.credentials, { userAgent: 'framewright-test' }));
    store = stack.use(new KubernetesJobStore(transport, { clock, defaultTtlSeconds: 100, namespace }));
    runner = stack.use(
      new KubernetesStageRunner(transport, {
        ...options,
        pools: [poolOn(node)],
        namespace,
      }),
    );
  });
  afterEach(async () => {
    await stack.disposeAsync();
    await cluster.run(['delete', 'node', node, '--ignore-not-found', '--wait=false']);
  });

  const poolOn = (host: string): Pool => ({
    name: 'gpu',
    image: 'example.com/worker:1',
    allocation: { type: 'DevicePlugin', resourceName },
    nodeSelector: { 'kubernetes.io/hostname': host },
    tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
    requests: { memory: '1Gi' },
    limits: { memory: '2Gi' },
    scratchSize: '5Gi',
    supplementalGroups: [993],
  });
  async function renderJob(name = 'clip'): Promise<RenderJob> {
    return (await store.create(newJob(name, { namespace }))).job;
  }
  const identityOf = ({ metadata: { name, uid } }: RenderJob, attempt = 1): StageIdentity => ({
    namespace,
    name,
    uid,
    attempt,
    stage: 'render',
  });
  const startOf = (job: RenderJob): Promise<void> =>
    runner.start(stageOf('succeed', identityOf(job)), { pool: 'gpu', podTemplate: { annotations: ending } });

  itWithPlayedPods(cluster, 'reports why a stage waits, and how many slots there are', async () => {
    const job = await renderJob();
    await startOf(job);
    expect(await runner.slots()).toEqual([
      {
        pool: 'gpu',
        slots: 0,
        gpu: true,
        queues: true,
        unavailable: { causes: ['not offered'], message: `none of its nodes offers ${resourceName}` },
      },
    ]);
    await vi.waitFor(async () => {
      const [run] = await runner.observe(job.metadata.uid);
      const words = /^Its pod cannot be scheduled yet: .*nodes? /;
      expect(run).toHaveProperty('waitingFor.message', expect.stringMatching(words));
    }, patience);
    await cluster.apply(gpuNode(node, { slots: 3 }));
    await vi.waitFor(
      async () => expect(await runner.slots()).toEqual([{ pool: 'gpu', slots: 3, gpu: true, queues: true }]),
      patience,
    );
    await untilRun(runner, job.metadata.uid, ({ state }) => state === 'running');
    expect(await runner.observe(job.metadata.uid)).toMatchObject([{ node }]);
  });

  itWithPlayedPods(cluster, 'reads a result from the termination message of the pod', async () => {
    await cluster.apply(gpuNode(node));
    const message = '{"version":1,"exitCode":41,"error":{"code":"INPUT_INVALID","message":"Expected a film."}}';
    ending = { 'test.framewright.dev/exit-code': '41', 'test.framewright.dev/message': message };
    const job = await renderJob();
    await startOf(job);
    const run = await untilRun(runner, job.metadata.uid, hasEnded);
    expect(run).toMatchObject({ state: 'failed', exitCode: 41, node, result: { error: { code: 'INPUT_INVALID' } } });
    // The pod goes, the end stays.
    await cluster.run(['delete', 'pods', '--all', '-n', namespace]);
    expect(await runner.observe(job.metadata.uid)).toEqual([run]);
  });

  itWithPlayedPods(
    cluster,
    'takes a pod that was removed from outside for a loss, not a failure of the job',
    async () => {
      await cluster.apply(gpuNode(node));
      const job = await renderJob();
      await startOf(job);
      await untilRun(runner, job.metadata.uid, ({ state }) => state === 'running');
      await cluster.run(['delete', 'pods', '--all', '-n', namespace]);
      expect(await untilRun(runner, job.metadata.uid, hasEnded)).toMatchObject({
        infrastructure: true,
        exitCode: 143,
        result: { error: { code: 'INTERRUPTED' } },
      });
    },
  );

  itWithPlayedPods(cluster, 'creates one pod for a stage, even when the answer to its start was lost', async () => {
    await cluster.apply(gpuNode(node));
    const job = await renderJob();
    proxy.fault = ({ method, path }) =>
      method === 'POST' && path.endsWith('/jobs') ? { kind: 'reset-after' } : undefined;
    await expect(startOf(job)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    proxy.fault = () => undefined;
    await startOf(job);
    await untilRun(runner, job.metadata.uid, ({ state }) => state === 'running');
    expect(await cluster.run(['get', 'jobs', '-n', namespace, '-o', 'name'])).toBe('job.batch/clip-1-render\n');
  });

  it('rejects a stage whose name is that of a foreign Job', async () => {
    await cluster.run(['create', 'job', 'clip-1-render', '-n', namespace, '--image=other']);
    await expect(startOf(await renderJob())).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('it has another owner') as unknown,
    });
    // And leaves it alone.
    const found = await cluster.run(['get', 'job', 'clip-1-render', '-n', namespace, '-o', 'jsonpath={.spec.suspend}']);
    expect(found).toBe('false');
  });

  it('rejects a stage while an earlier Job of its name is being deleted', async () => {
    const first = await renderJob();
    await startOf(first);
    const hold = JSON.stringify({ metadata: { finalizers: ['example.com/hold'] } });
    await cluster.run(['patch', 'job', 'clip-1-render', '-n', namespace, '--type=merge', '-p', hold]);
    await cluster.run(['delete', 'job', 'clip-1-render', '-n', namespace, '--wait=false']);
    await store.finalize(first.metadata, first.metadata.uid);
    const second = await renderJob();
    await expect(startOf(second)).rejects.toMatchObject({ name: 'ConflictError' });
    await cluster.run([
      'patch',
      'job',
      'clip-1-render',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
    await vi.waitFor(() => startOf(second), patience);
    expect(await runner.observe(second.metadata.uid)).toMatchObject([{ identity: { uid: second.metadata.uid } }]);
    // Its pod goes a little later than the Job.
    await vi.waitFor(async () => expect(await runner.observe(first.metadata.uid)).toEqual([]), patience);
  });

  it('leaves the Jobs of a deleted RenderJob to the garbage collector', async () => {
    const job = await renderJob();
    await startOf(job);
    await store.remove(job.metadata);
    await store.finalize(job.metadata, job.metadata.uid);
    await vi.waitFor(async () => expect(await runner.observe(job.metadata.uid)).toEqual([]), patience);
  });

  it('reports a namespace or a RenderJob that was deleted', async () => {
    const stage = stageOf('succeed', { namespace: 'nowhere', name: 'a', uid: 'u', attempt: 1, stage: 'render' });
    await expect(runner.start(stage, { pool: 'gpu' })).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  describe('the pod of a stage', () => {
    it('is accepted in a namespace that enforces the restricted standard', async () => {
      const level = 'pod-security.kubernetes.io/enforce=restricted';
      await cluster.run(['label', 'namespace', namespace, level]);
      const body: unknown = stageJob(stageOf('succeed', identityOf(await renderJob())), poolOn(node), options);
      const template = isRecord(body) && isRecord(body['spec']) ? body['spec']['template'] : undefined;
      if (!isRecord(template)) throw new Error('Expected a pod template');
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace }, spec: template['spec'] };
      const run = cluster.run(['create', '--dry-run=server', '--validate=strict', '-f', '-'], JSON.stringify(pod));
      expect(await run).toBe('pod/a created (server dry run)\n');
      const job = cluster.run(['create', '--dry-run=server', '--validate=strict', '-f', '-'], JSON.stringify(body));
      expect(await job).toBe('job.batch/clip-1-render created (server dry run)\n');
    });

    it('has only fields of the API, whatever its pool and its job request', async () => {
      const pool: Pool = {
        ...poolOn(node),
        allocation: { type: 'DRA', claimTemplate: 'intel-gpu' },
        maxConcurrent: 1,
        runtimeClassName: 'kata',
        priorityClassName: 'batch',
        serviceAccountName: 'worker',
        environment: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's3', key: 'token' } } }],
        labels: { team: 'films' },
        annotations: { note: 'a' },
      };
      const podTemplate = {
        labels: { team: 'x' },
        nodeSelector: { disk: 'ssd' },
        requests: { cpu: '500m', 'ephemeral-storage': '1Gi' },
        limits: { memory: '3Gi' },
        scratchSize: '20Gi',
      };
      const requested = { owner: 'ann', queue: 'films', avoidNodes: ['a', 'b'], podTemplate };
      const body = stageJob(stageOf('succeed', identityOf(await renderJob())), pool, { ...options, ...requested });
      const run = cluster.run(['create', '--dry-run=server', '--validate=strict', '-f', '-'], JSON.stringify(body));
      expect(await run).toBe('job.batch/clip-1-render created (server dry run)\n');
    });
  });
});
