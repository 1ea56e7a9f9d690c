import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { KubernetesJobStore } from '../../../../src/adapters/kubernetes/jobs/kubernetes-job-store.ts';
import { systemClock as clock } from '../../../../src/lib/system-clock.ts';
import { newJob, readUntil, statusIn, trimSpec } from '../../../contract/support.ts';
import { describeOnCluster } from '../../../support/cluster.ts';
import { FaultProxy } from '../../../support/fault-proxy.ts';

const patience = { timeout: 60_000, interval: 20 };

describeOnCluster('the store of RenderJobs in Kubernetes', (cluster) => {
  let namespace = '';
  let stack: AsyncDisposableStack;
  beforeEach(async () => {
    namespace = await cluster.namespace();
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  /** A store as one replica has it, with its own connection. */
  async function replica() {
    const { proxy, credentials } = await FaultProxy.before(await kubeconfigCredentials(cluster.kubeconfig));
    stack.use(proxy);
    const transport = stack.use(new Transport(credentials, { userAgent: 'framewright-test', timeoutMs: 3_000 }));
    const store = stack.use(new KubernetesJobStore(transport, { clock, defaultTtlSeconds: 100, namespace }));
    await store.whenSynced();
    return { store, proxy };
  }
  const job = (name: string, more: object = {}) => newJob(name, { namespace, ...more });
  const writes = (proxy: FaultProxy): string[] =>
    proxy.calls
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.split('/').slice(7).join('/')}`);
  const manifest = (name: string): object => ({
    apiVersion: 'framewright.dev/v1alpha1',
    kind: 'RenderJob',
    metadata: { name, namespace },
    spec: trimSpec,
  });

  it('has the jobs that kubectl applies, and kubectl has the jobs that it creates', async () => {
    const { store } = await replica();
    const changes = store.watch(new AbortController().signal)[Symbol.asyncIterator]();
    await cluster.apply(manifest('by-hand'));
    const [change] = await readUntil(changes, () => true);
    expect(change).toMatchObject({ type: 'put', job: { metadata: { name: 'by-hand' }, spec: trimSpec } });
    await store.create(job('by-rest', { owner: 'alice' }));
    expect(await cluster.run(['get', 'rj', '-n', namespace, '-o', 'name'])).toBe(
      'renderjob.framewright.dev/by-hand\nrenderjob.framewright.dev/by-rest\n',
    );
  });

  it('immediately finds a job that another replica has created', async () => {
    const [one, two] = [await replica(), await replica()];
    // The watch of the second replica is late.
    two.proxy.silenceAll();
    const { job: made } = await one.store.create(job('a'));
    expect(await two.store.get(made.metadata)).toEqual(made);
    expect(await two.store.create(job('a'))).toEqual({ job: made, created: false, sameSpec: true });
  });

  it('accepts the write of one of two replicas, and rejects the other as a conflict', async () => {
    const [one, two] = [await replica(), await replica()];
    const { job: made } = await one.store.create(job('a'));
    const { resourceVersion } = made.metadata;
    await one.store.writeStatus(made.metadata, resourceVersion, statusIn('Running'));
    const late = two.store.writeStatus(made.metadata, resourceVersion, statusIn('Starting'));
    await expect(late).rejects.toMatchObject({ name: 'ConflictError' });
  });

  it('needs one write for each change, and none where nothing changes', async () => {
    const { store, proxy } = await replica();
    proxy.calls.length = 0;
    const { job: made } = await store.create(job('a'));
    let latest = made;
    for (const phase of ['Starting', 'Running', 'Running', 'Succeeded'] as const) {
      latest = await store.writeStatus(made.metadata, latest.metadata.resourceVersion, statusIn(phase));
    }
    latest = await store.patchSpec(made.metadata, latest.metadata.resourceVersion, { priority: 3 });
    await store.patchSpec(made.metadata, latest.metadata.resourceVersion, { priority: 3 });
    await store.remove(made.metadata);
    await store.remove(made.metadata);
    await store.finalize(made.metadata, made.metadata.uid);
    await store.finalize(made.metadata, made.metadata.uid);
    expect(writes(proxy)).toEqual([
      'POST ',
      'PUT a/status',
      'PUT a/status',
      'PUT a/status',
      'PATCH a',
      'DELETE a',
      'PATCH a',
    ]);
    await expect(cluster.run(['get', 'rj', 'a', '-n', namespace])).rejects.toThrow(/NotFound/);
  });

  describe('keeps a job until its files are deleted', () => {
    it('when kubectl deletes a job that REST created', async () => {
      const { store } = await replica();
      const { job: made } = await store.create(job('a'));
      await cluster.run(['delete', 'rj', 'a', '-n', namespace, '--wait=false']);
      await vi.waitFor(
        async () => expect((await store.get(made.metadata))?.metadata.deletionTimestamp).toBeDefined(),
        patience,
      );
      await store.finalize(made.metadata, made.metadata.uid);
      expect(await store.get(made.metadata, { fresh: true })).toBeUndefined();
    });

    it('when REST removes a job that kubectl created', async () => {
      const { store } = await replica();
      await cluster.apply(manifest('a'));
      await store.remove({ namespace, name: 'a' });
      const marked = await store.get({ namespace, name: 'a' }, { fresh: true });
      expect(marked?.metadata.deletionTimestamp).toBeDefined();
      await store.finalize({ namespace, name: 'a' }, marked?.metadata.uid ?? '');
      expect(await store.get({ namespace, name: 'a' }, { fresh: true })).toBeUndefined();
    });

    it('and keeps the finalizers of others', async () => {
      const { store } = await replica();
      const { job: made } = await store.create(job('a'));
      const add = JSON.stringify([{ op: 'add', path: '/metadata/finalizers/-', value: 'example.com/theirs' }]);
      await cluster.run(['patch', 'rj', 'a', '-n', namespace, '--type=json', '-p', add]);
      await store.finalize(made.metadata, made.metadata.uid);
      const left = await cluster.run(['get', 'rj', 'a', '-n', namespace, '-o', 'jsonpath={.metadata.finalizers}']);
      expect(left).toBe('["example.com/theirs"]');
      const drop = JSON.stringify([{ op: 'remove', path: '/metadata/finalizers' }]);
      await cluster.run(['patch', 'rj', 'a', '-n', namespace, '--type=json', '-p', drop]);
      await vi.waitFor(async () => expect(await store.get(made.metadata)).toBeUndefined(), patience);
    });
  });

  describe('reports the cause', () => {
    it('of a spec that the schema rejects, field by field', async () => {
      const { store } = await replica();
      const spec = { inputs: [{ name: 'a', asset: 'x', file: 'y' }] };
      await expect(store.create(job('a', { spec }))).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        details: [expect.objectContaining({ path: 'spec.inputs[0]' })],
      });
    });

    it('of a namespace that does not exist', async () => {
      const { store } = await replica();
      await expect(store.create(newJob('a', { namespace: 'nowhere' }))).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        message: 'Expected the namespace nowhere to exist, but it does not',
      });
    });

    it('of an API server that does not answer, and works again when it does', async () => {
      const { store, proxy } = await replica();
      const { job: made } = await store.create(job('a'));
      proxy.fault = () => ({ kind: 'reset' });
      await expect(store.create(job('b'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      const { resourceVersion } = made.metadata;
      await expect(store.writeStatus(made.metadata, resourceVersion, statusIn('Running'))).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
      });
      // Reads that need no other side go on.
      expect(await store.get(made.metadata)).toEqual(made);
      proxy.fault = () => undefined;
      await store.writeStatus(made.metadata, resourceVersion, statusIn('Running'));
    });
  });

  it('recognizes that a write with a lost answer was executed', async () => {
    const { store, proxy } = await replica();
    const { job: made } = await store.create(job('a'));
    const { resourceVersion } = made.metadata;
    proxy.fault = ({ method }) => (method === 'PUT' ? { kind: 'reset-after' } : undefined);
    await expect(store.writeStatus(made.metadata, resourceVersion, statusIn('Running'))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    proxy.fault = () => undefined;
    await vi.waitFor(async () => expect((await store.get(made.metadata))?.status?.phase).toBe('Running'), patience);
    const again = store.writeStatus(made.metadata, resourceVersion, statusIn('Running'));
    await expect(again).rejects.toMatchObject({ name: 'ConflictError' });
  });

  it('starts with the active ones of all existing jobs', async () => {
    const { store } = await replica();
    const { job: done } = await store.create(job('done'));
    await store.writeStatus(done.metadata, done.metadata.resourceVersion, statusIn('Succeeded'));
    await store.create(job('waits'));
    const later = await replica();
    const abort = new AbortController();
    const changes = later.store.watch(abort.signal)[Symbol.asyncIterator]();
    const [first] = await readUntil(changes, () => true);
    expect(first).toMatchObject({ type: 'put', job: { metadata: { name: 'waits' } } });
    abort.abort();
    expect(await later.store.count({})).toBe(2);
  });
});
