import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { SecretKeyStore } from '../../../../src/adapters/kubernetes/keys/secret-key-store.ts';
import { WatchedKeyStore } from '../../../../src/adapters/kubernetes/keys/watched-key-store.ts';
import type { ApiKey } from '../../../../src/ports/key-store.ts';
import { keyStoreContract } from '../../../contract/key-store.ts';
import { describeOnCluster } from '../../../support/cluster.ts';

const key: ApiKey = {
  id: 'abc123',
  owner: 'alice',
  role: 'admin',
  namespace: 'media',
  digest: 'cd'.repeat(32),
  createdAt: 1_700_000_000_000,
};

const patience = { timeout: 20_000, interval: 20 };

describeOnCluster('API keys in Secrets', (cluster) => {
  const stack = new AsyncDisposableStack();
  let transport: Transport;

  beforeAll(async () => {
    const credentials = await kubeconfigCredentials(cluster.kubeconfig);
    transport = stack.use(new Transport(credentials, { userAgent: 'framewright-test' }));
  });
  afterAll(() => stack.disposeAsync());

  keyStoreContract('Secrets that are watched', async () => {
    const namespace = await cluster.namespace();
    const store = new WatchedKeyStore(transport, { namespace });
    await store.whenSynced();
    return {
      store,
      other: new SecretKeyStore(transport, namespace),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  });

  it('writes only the digest of a key', async () => {
    const namespace = await cluster.namespace();
    await new SecretKeyStore(transport, namespace).add(key);
    const text = await cluster.run(['get', 'secret', `framewright-key-${key.id}`, '-n', namespace, '-o', 'json']);
    const secret: unknown = JSON.parse(text);
    expect(secret).toMatchObject({ type: 'framewright.dev/api-key', data: { digest: btoa(key.digest) } });
    expect(text).not.toContain('fwk_');
  });

  it('ignores other Secrets, and keys with invalid data', async () => {
    const namespace = await cluster.namespace();
    const secrets = new SecretKeyStore(transport, namespace);
    await secrets.add(key);
    const labels = { 'app.kubernetes.io/managed-by': 'framewright', 'app.kubernetes.io/component': 'api-key' };
    const made = (name: string, more: object): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name, labels },
      ...more,
    });
    const type = 'framewright.dev/api-key';
    const data = { owner: 'eve', role: 'admin', namespace: 'x', createdAt: '2026-01-01T00:00:00Z' };
    await cluster.apply(
      made('framewright-key-other', { stringData: { ...data, digest: key.digest } }),
      made('framewright-key-nodigest', { type, stringData: data }),
      made('framewright-key-short', { type, stringData: { ...data, digest: 'ab' } }),
      made('framewright-key-role', { type, stringData: { ...data, digest: key.digest, role: 'root' } }),
      made('elsewhere', { type, stringData: { ...data, digest: key.digest } }),
    );
    expect((await secrets.list()).map(({ id }) => id)).toEqual([key.id]);
    await using watched = new WatchedKeyStore(transport, { namespace });
    await watched.whenSynced();
    for (const id of ['other', 'nodigest', 'short', 'role']) expect(await watched.get(id)).toBeUndefined();
    expect(await watched.get(key.id)).toEqual(key);
  });

  it('does not find a key that kubectl has deleted', async () => {
    const namespace = await cluster.namespace();
    await using watched = new WatchedKeyStore(transport, { namespace });
    await watched.whenSynced();
    await watched.add(key);
    await vi.waitFor(async () => expect(await watched.get(key.id)).toBeDefined(), patience);
    await cluster.run(['delete', 'secret', `framewright-key-${key.id}`, '-n', namespace]);
    await vi.waitFor(async () => expect(await watched.get(key.id)).toBeUndefined(), patience);
  });

  it('reports that keys have not been read yet, instead of an invalid key', async () => {
    const namespace = await cluster.namespace();
    await using watched = new WatchedKeyStore(transport, { namespace });
    await expect(watched.get(key.id)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('reports a namespace that does not exist', async () => {
    const secrets = new SecretKeyStore(transport, 'no-such-namespace');
    await expect(secrets.add(key)).rejects.toThrow('Expected the namespace no-such-namespace to exist');
  });
});
