import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ApiObject,
  controllerUid,
  isApiObject,
} from '../../../../../src/adapters/kubernetes/client/api-object.ts';
import type { Credentials } from '../../../../../src/adapters/kubernetes/client/credentials.ts';
import { kubeconfigCredentials } from '../../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../../src/adapters/kubernetes/client/transport.ts';
import { Reflector, type ReflectorOptions } from '../../../../../src/adapters/kubernetes/client/watch/reflector.ts';
import { isRecord } from '../../../../../src/lib/json.ts';
import { describeOnCluster } from '../../../../support/cluster.ts';
import { FaultProxy, type SeenCall } from '../../../../support/fault-proxy.ts';

interface ConfigMap extends ApiObject {
  readonly data?: Readonly<Record<string, string>>;
}

const isWatch = ({ query }: SeenCall): boolean => query.get('watch') === 'true';
const isInitial = ({ query }: SeenCall): boolean => query.get('sendInitialEvents') === 'true';
const expired = '{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}';
/** Until the other side has done it, however busy the machine is. */
const patience = { timeout: 60_000, interval: 20 };

describeOnCluster('the reflector', (cluster) => {
  let credentials: Credentials;
  let direct: Transport;
  beforeAll(async () => {
    credentials = await kubeconfigCredentials(cluster.kubeconfig);
    direct = new Transport(credentials, { userAgent: 'framewright-test' });
  });
  afterAll(() => direct[Symbol.asyncDispose]());

  let path = '';
  let proxy: FaultProxy;
  let behind: Transport;
  let stop: AbortController;
  let running: Promise<void>[];
  let changes: string[];
  let errors: string[];
  beforeEach(async () => {
    path = `/api/v1/namespaces/${await cluster.namespace()}/configmaps`;
    const before = await FaultProxy.before(credentials);
    ({ proxy } = before);
    behind = new Transport(before.credentials, { userAgent: 'framewright-test' });
    stop = new AbortController();
    running = [];
    changes = [];
    errors = [];
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(running);
    await behind[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const create = (name: string, metadata: object = {}): Promise<unknown> =>
    direct.request({ method: 'POST', path, body: { metadata: { name, labels: { test: 'yes' }, ...metadata } } });
  const update = (name: string, value: string): Promise<unknown> =>
    direct.request({
      method: 'PATCH',
      path: `${path}/${name}`,
      contentType: 'application/merge-patch+json',
      body: { data: { value } },
    });
  const remove = (name: string): Promise<unknown> => direct.request({ method: 'DELETE', path: `${path}/${name}` });
  const accept = (value: unknown): ConfigMap | undefined => (isApiObject(value) ? value : undefined);

  /** Follows the objects with the label through the proxy: every namespace has a ConfigMap of Kubernetes' own. */
  function follow(options: Partial<ReflectorOptions<ConfigMap>> = {}): Reflector<ConfigMap> {
    const reflector = new Reflector<ConfigMap>(behind, {
      path,
      labelSelector: 'test=yes',
      accept,
      onChange: ({ type, key }) => void changes.push(`${type} ${key.split('/')[1]}`),
      onError: (error, during) => void errors.push(`${during}: ${error instanceof Error ? error.message : 'unknown'}`),
      backoff: { baseMs: 20, maxMs: 200 },
      ...options,
    });
    running.push(reflector.run(stop.signal));
    return reflector;
  }
  const names = ({ cache }: Reflector<ConfigMap>): string[] =>
    [...cache.values()].map(({ metadata: { name } }) => name).toSorted();
  const valueOf = (reflector: Reflector<ConfigMap>, name: string): string | undefined =>
    [...reflector.cache.values()].find(({ metadata }) => metadata.name === name)?.data?.['value'];

  it('rejects whenSynced when it is stopped before it has read anything', async () => {
    proxy.fault = () => ({ kind: 'reset' });
    const reflector = follow();
    const waiting = reflector.whenSynced();
    stop.abort();
    await expect(waiting).rejects.toThrow('but it was stopped before');
  });

  it('has all existing objects when it is synced, then each change', async () => {
    await create('first');
    const reflector = follow();
    await reflector.whenSynced();
    expect(names(reflector)).toEqual(['first']);
    await create('second');
    await update('first', '1');
    await vi.waitFor(() => expect(changes).toEqual(['added first', 'added second', 'changed first']), patience);
    await remove('first');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['second']), patience);
    expect(changes.at(-1)).toBe('removed first');
    // All of it in one call: what was there and the watch.
    expect(proxy.calls).toHaveLength(1);
    expect(reflector.lastContactMs).toBeLessThan(60_000);
  });

  it('finds objects by the uid of their owner', async () => {
    const owner = await create('owner');
    if (!isApiObject(owner)) throw new Error('Expected an object');
    const { uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, controller: true }];
    await create('child', { ownerReferences });
    const reflector = follow({ indexes: { owner: (object) => [controllerUid(object) ?? []].flat() } });
    await reflector.whenSynced();
    expect(reflector.cache.byIndex('owner', uid).map(({ metadata }) => metadata.name)).toEqual(['child']);
    await remove('child');
    await vi.waitFor(() => expect(reflector.cache.byIndex('owner', uid)).toEqual([]), patience);
  });

  it('continues after a reset without reading everything again', async () => {
    const reflector = follow();
    await reflector.whenSynced();
    await create('one');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['one']), patience);
    proxy.resetAll();
    await create('two');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['one', 'two']), patience);
    expect(reflector.counts.reads).toBe(1);
    expect(changes).toEqual(['added one', 'added two']);
  });

  it('closes a connection that is open and dead', async () => {
    const reflector = follow({ silenceMs: 500 });
    await reflector.whenSynced();
    proxy.silenceAll();
    await create('unheard');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['unheard']), patience);
    expect(errors.join('\n')).toContain('no data for');
  });

  it('continues after an outage, and finds by a list what was deleted meanwhile', async () => {
    await create('stays');
    await create('goes');
    const reflector = follow();
    await reflector.whenSynced();
    proxy.fault = () => ({ kind: 'answer', status: 503, body: 'down' });
    proxy.resetAll();
    await remove('goes');
    await create('comes');
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(3), patience);
    // The server no longer has the events that the watch would have sent.
    proxy.fault = (call) =>
      isWatch(call) && !isInitial(call) ? { kind: 'answer', status: 410, body: expired } : undefined;
    await vi.waitFor(() => expect(names(reflector)).toEqual(['comes', 'stays']), patience);
    expect(changes).toContain('removed goes');
    expect(reflector.counts.reads).toBe(2);
  });

  it('reads everything again when the watch reports that its version is too old', async () => {
    const reflector = follow();
    await reflector.whenSynced();
    let left = 1;
    const body = `{"type":"ERROR","object":${expired}}\n`;
    proxy.fault = (call) => (!isInitial(call) && left-- > 0 ? { kind: 'answer', status: 200, body } : undefined);
    proxy.resetAll();
    await create('after');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['after']), patience);
    expect(reflector.counts.reads).toBe(2);
  });

  it('distinguishes an object from a later one of the same name', async () => {
    await create('name');
    const reflector = follow();
    await reflector.whenSynced();
    proxy.fault = () => ({ kind: 'reset' });
    proxy.resetAll();
    await remove('name');
    await create('name');
    proxy.fault = (call) => (isInitial(call) ? undefined : { kind: 'answer', status: 410, body: expired });
    await vi.waitFor(() => expect(changes).toEqual(['added name', 'removed name', 'added name']), patience);
  });

  it('handles a truncated line as an error', async () => {
    const reflector = follow();
    await reflector.whenSynced();
    await create('whole');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['whole']), patience);
    let left = 3;
    proxy.fault = (call) => (isWatch(call) && left-- > 0 ? { kind: 'cut', afterBytes: 100 } : undefined);
    proxy.resetAll();
    for (const value of ['1', '2', '3', '4']) await update('whole', value);
    await vi.waitFor(() => expect(valueOf(reflector, 'whole')).toBe('4'), patience);
    expect(reflector.counts.reads).toBe(1);
  });

  it('lists page by page where the server does not support WatchList', async () => {
    await Promise.all(Array.from({ length: 620 }, (_, index) => create(`page-${index}`)));
    const rejection = '{"kind":"Status","reason":"Invalid","message":"sendInitialEvents is forbidden"}';
    proxy.fault = (call) => (isInitial(call) ? { kind: 'answer', status: 422, body: rejection } : undefined);
    const reflector = follow();
    await reflector.whenSynced();
    expect(reflector.cache.size).toBe(620);
    expect(proxy.calls.filter(({ query }) => query.has('limit'))).toHaveLength(2);
    await create('later');
    await vi.waitFor(() => expect(reflector.cache.size).toBe(621), patience);
    expect(errors).toEqual([]);
  });

  it('obeys Retry-After', async () => {
    let left = 1;
    const headers = { 'retry-after': '1' };
    proxy.fault = () => (left-- > 0 ? { kind: 'answer', status: 429, headers, body: '' } : undefined);
    await create('patient');
    const reflector = follow();
    await reflector.whenSynced();
    expect(names(reflector)).toEqual(['patient']);
    expect(errors).toEqual([]);
  });

  it('continues when its handler throws', async () => {
    const reflector = follow({
      onChange: () => {
        throw new Error('handler broke');
      },
    });
    await reflector.whenSynced();
    await create('a');
    await create('b');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['a', 'b']), patience);
    expect(errors).toEqual(['handler: handler broke', 'handler: handler broke']);
  });

  it('continues after an object that it cannot read', async () => {
    const reflector = follow({
      accept: (value) => (isRecord(value) && JSON.stringify(value).includes('broken') ? undefined : accept(value)),
    });
    await reflector.whenSynced();
    await create('broken');
    await create('readable');
    await vi.waitFor(() => expect(names(reflector)).toEqual(['readable']), patience);
    expect(errors).toHaveLength(1);
  });

  describe('under faults of every kind', () => {
    it('has the state of the server in the end', async () => {
      const reflector = follow({ silenceMs: 1_000 });
      const handed = follow({ watchList: false, silenceMs: 1_000 });
      // A fixed sequence that looks random: the same faults in each run.
      let seed = 7;
      const dice = (faces: number): number => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return Math.floor((seed / 2_147_483_648) * faces);
      };
      proxy.fault = (call) => {
        switch (dice(8)) {
          case 0:
            return { kind: 'reset' };
          case 1:
            return { kind: 'answer', status: 500, body: '' };
          case 2:
            return { kind: 'cut', afterBytes: 200 + dice(2_000) };
          case 3:
            return isInitial(call) ? undefined : { kind: 'answer', status: 410, body: expired };
          default:
            return undefined;
        }
      };
      for (let round = 0; round < 150; round += 1) {
        const name = `object-${dice(12)}`;
        await [create, remove, (of: string) => update(of, String(round))][dice(3)]?.(name).catch(() => undefined);
        if (dice(10) === 0) proxy.resetAll();
        if (dice(30) === 0) proxy.silenceAll();
      }
      proxy.fault = () => undefined;
      const list = await direct.request({ path, query: { labelSelector: 'test=yes' } });
      const items = isRecord(list) && Array.isArray(list['items']) ? list['items'].filter(isApiObject) : [];
      const state = (objects: Iterable<ConfigMap>): string[] =>
        [...objects]
          .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
          .toSorted();
      expect(items.length).toBeGreaterThan(0);
      await vi.waitFor(() => expect(state(reflector.cache.values())).toEqual(state(items)), patience);
      await vi.waitFor(() => expect(state(handed.cache.values())).toEqual(state(items)), patience);
    });
  });
});
