import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Controller } from '../../src/controller/loop.ts';
import { defaultPolicy } from '../../src/controller/policy.ts';
import { KubernetesJobStore } from '../../src/kubernetes/kubernetes-job-store.ts';
import { KubernetesStageRunner } from '../../src/kubernetes/kubernetes-stage-runner.ts';
import { kubeconfigCredentials } from '../../src/kubernetes/runtime/kubeconfig.ts';
import { type Answered, Transport } from '../../src/kubernetes/runtime/transport.ts';
import { InProcessBus } from '../../src/local/in-process-bus.ts';
import { systemClock as clock } from '../../src/local/system-clock.ts';
import { createDirectoryStore } from '../../src/storage/directory-store.ts';
import { workerEnvironment } from '../../src/worker/environment.ts';
import { applyDefinitions, kubectl } from '../cluster/cluster.ts';
import { startControlPlane } from '../cluster/control-plane/control-plane.ts';
import { ProcessKubelet } from '../cluster/process-kubelet/process-kubelet.ts';
import { describeWithPrograms } from '../support/cluster.ts';
import { testClip } from '../support/test-clip.ts';

const main = fileURLToPath(import.meta.resolve('../../src/main.ts'));
const patience = { timeout: 100_000, interval: 50 };

// The real worker renders real files, as a pod of a node whose pods are processes of this machine.
describeWithPrograms('cluster', 'the brain on Kubernetes', (paths) => {
  const stack = new AsyncDisposableStack();
  const writes: string[] = [];
  const phases: string[] = [];
  let run: (args: readonly string[], input?: string) => Promise<string>;
  let objects: ReturnType<typeof createDirectoryStore>;
  let store: KubernetesJobStore;

  beforeAll(async () => {
    const plane = stack.use(await startControlPlane(paths));
    const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
    run = (args, input) => kubectl(access, args, input);
    await applyDefinitions(access);
    await run(['create', 'namespace', 'renders']);
    const folder = await mkdtemp(join(tmpdir(), 'framewright-render-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const objectsDir = join(folder, 'objects');
    objects = createDirectoryStore({ dir: objectsDir });
    await writeFile(join(folder, 'clip.mp4'), await testClip({ seconds: 2 }));

    const credentials = await kubeconfigCredentials(plane.kubeconfig);
    const quiet = stack.use(new Transport(credentials, { userAgent: 'framewright-test-kubelet' }));
    await quiet.request({ path: '/version' });
    const onAnswer = ({ method, code }: Answered): void => {
      if (method !== 'GET') writes.push(`${method} ${code}`);
    };
    const transport = stack.use(new Transport(credentials, { userAgent: 'framewright-test', onAnswer }));
    stack.use(
      await ProcessKubelet.start(quiet, {
        node: 'box',
        gpuSlots: 0,
        command: [process.execPath, '--disable-warning=ExperimentalWarning', main, 'worker'],
        certificate: plane.certificate,
      }),
    );
    store = stack.use(new KubernetesJobStore(transport, { clock, defaultTtlSeconds: 3600 }));
    const environment = [
      { name: workerEnvironment.objectsDir, value: objectsDir },
      { name: workerEnvironment.mediaRoot, value: folder },
    ];
    const cpu = { name: 'cpu', image: 'worker', allocation: { type: 'None' as const }, maxConcurrent: 2, environment };
    const runner = stack.use(
      new KubernetesStageRunner(transport, { pools: [cpu], graceSeconds: 8, timeoutSlackSeconds: 30 }),
    );
    const controller = new Controller(
      { store, runner, bus: new InProcessBus(), objects, clock },
      { policy: defaultPolicy },
    );
    const stop = new AbortController();
    const running = controller.run(stop.signal);
    const watching = (async () => {
      for await (const { job } of store.watch(stop.signal))
        phases.push(`${job.metadata.name} ${job.status?.phase ?? 'new'}`);
    })();
    stack.defer(async () => {
      stop.abort();
      await Promise.all([running, watching]);
    });
  });
  afterAll(() => stack.disposeAsync());

  const manifest = (name: string, spec: object): string =>
    JSON.stringify({
      apiVersion: 'framewright.dev/v1alpha1',
      kind: 'RenderJob',
      metadata: { name, namespace: 'renders' },
      spec,
    });
  const phaseOf = (name: string): Promise<string> =>
    run(['get', 'rj', name, '-n', 'renders', '-o', 'jsonpath={.status.phase}']);

  it('renders what kubectl applies, and says so in the status', async () => {
    const spec = { inputs: [{ name: 'clip', file: 'clip.mp4' }], operations: [{ trim: { start: 0.5, end: 1.5 } }] };
    await run(['apply', '-f', '-'], manifest('cut', spec));
    await vi.waitFor(async () => expect(await phaseOf('cut')).toBe('Succeeded'), patience);
    const job = await store.get({ namespace: 'renders', name: 'cut' });
    expect(job?.status?.attempts).toMatchObject([{ number: 1, node: 'box', outcome: 'Succeeded', exitCode: 0 }]);
    const [output] = job?.status?.result?.outputs ?? [];
    expect(output?.durationSeconds).toBeCloseTo(1, 1);
    expect(await objects.stat(output?.key ?? '')).toMatchObject({ bytes: output?.bytes });
    const told = phases.filter((phase) => phase.startsWith('cut ')).map((phase) => phase.slice(4));
    expect(told.at(-1)).toBe('Succeeded');
    expect(told).toEqual(expect.arrayContaining(['Running']));
    // One Job, and a status for its start, its run and its end at most.
    expect(writes.filter((write) => write.startsWith('POST'))).toHaveLength(1);
    expect(writes.length, writes.join(', ')).toBeLessThanOrEqual(5);
  });

  it('fails what cannot be rendered, for the reason that the worker gave', async () => {
    await run(['apply', '-f', '-'], manifest('missing', { inputs: [{ name: 'clip', file: 'nowhere.mp4' }] }));
    await vi.waitFor(async () => expect(await phaseOf('missing')).toBe('Failed'), patience);
    const job = await store.get({ namespace: 'renders', name: 'missing' });
    expect(job?.status).toMatchObject({ reason: 'NotRetryable', error: { code: 'SOURCE_NOT_FOUND' } });
  });

  it('removes the files and the Jobs of a job that kubectl removes', async () => {
    const spec = { inputs: [{ name: 'clip', file: 'clip.mp4' }], operations: [{ mute: {} }] };
    const { job } = await store.create({ namespace: 'renders', name: 'gone', spec });
    await vi.waitFor(async () => expect(await phaseOf('gone')).toBe('Succeeded'), patience);
    const key = (await store.get(job.metadata))?.status?.result?.outputs[0]?.key ?? '';
    expect(await objects.stat(key)).toBeDefined();
    await run(['delete', 'rj', 'gone', '-n', 'renders', '--timeout=60s']);
    expect(await objects.stat(key)).toBeUndefined();
    await vi.waitFor(async () => {
      expect(await run(['get', 'jobs', '-n', 'renders', '-o', 'name'])).not.toContain('gone-');
    }, patience);
  });
});
