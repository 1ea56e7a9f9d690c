import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../../../../src/adapters/kubernetes/client/credentials.ts';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { type Answered, Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { isRecord } from '../../../../src/lib/json.ts';
import { describeOnCluster } from '../../../support/cluster.ts';
import { FaultProxy } from '../../../support/fault-proxy.ts';

const tooMany = (seconds: number) => ({
  kind: 'answer' as const,
  status: 429,
  headers: { 'retry-after': String(seconds) },
  body: '{"kind":"Status","message":"too many requests","reason":"TooManyRequests"}',
});

describeOnCluster('the transport', (cluster) => {
  let namespace = '';
  let credentials: Credentials;
  let proxy: FaultProxy;
  let transport: Transport;
  let answers: Answered[];
  const path = (name = ''): string => `/api/v1/namespaces/${namespace}/configmaps${name && `/${name}`}`;
  const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

  beforeAll(async () => {
    namespace = await cluster.namespace();
    credentials = await kubeconfigCredentials(cluster.kubeconfig);
    const before = await FaultProxy.before(credentials);
    ({ proxy } = before);
    const onAnswer = (answer: Answered): void => void answers.push(answer);
    transport = new Transport(before.credentials, { userAgent: 'framewright-test', onAnswer });
  });
  beforeEach(() => {
    answers = [];
    proxy.calls.length = 0;
    proxy.fault = () => undefined;
  });
  afterAll(async () => {
    await transport[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  it('uses TLS with the certificates of the kubeconfig', async () => {
    await using direct = new Transport(credentials, { userAgent: 'framewright-test' });
    const found = await direct.request({ path: `/api/v1/namespaces/${namespace}` });
    expect(found).toMatchObject({ kind: 'Namespace', metadata: { name: namespace } });
  });

  it('sends no write while writes are not allowed', async () => {
    let leads = false;
    await using direct = new Transport(credentials, { userAgent: 'framewright-test', mayWrite: () => leads });
    const create = { method: 'POST' as const, path: path(), body: configMap('guarded') };
    await expect(direct.request(create)).rejects.toThrow(/POST .* was not sent: this process is not the leader/);
    await expect(direct.request({ path: path('guarded') })).rejects.toMatchObject({ status: 404 });
    leads = true;
    expect(await direct.request(create)).toMatchObject({ metadata: { name: 'guarded' } });
  });

  it('creates, reads, patches and deletes', async () => {
    await transport.request({ method: 'POST', path: path(), body: configMap('all') });
    const patch = { method: 'PATCH' as const, path: path('all'), contentType: 'application/merge-patch+json' };
    await transport.request({ ...patch, body: { data: { a: '1' } } });
    expect(await transport.request({ path: path('all') })).toMatchObject({ data: { a: '1' } });
    await transport.request({ method: 'DELETE', path: path('all') });
    await expect(transport.request({ path: path('all') })).rejects.toMatchObject({ status: 404, reason: 'NotFound' });
    expect(answers.map(({ method, code }) => `${method} ${code}`)).toEqual([
      'POST 201',
      'PATCH 200',
      'GET 200',
      'DELETE 200',
      'GET 404',
    ]);
  });

  it('reports what was rejected and which field, but no token', async () => {
    const rejected = transport.request({ method: 'POST', path: path(), body: { metadata: { name: 'A_B' } } });
    await expect(rejected).rejects.toMatchObject({
      status: 422,
      reason: 'Invalid',
      causes: [{ field: 'metadata.name' }],
    });
    const { headers } = await credentials.load();
    const token = (headers['authorization'] ?? '').slice('Bearer '.length);
    expect(token.length).toBeGreaterThan(20);
    await expect(rejected).rejects.not.toThrow(token);
  });

  it('uses few connections for many calls', async () => {
    proxy.resetAll();
    await Promise.all(Array.from({ length: 400 }, () => transport.request({ path: path() })));
    expect(proxy.connections).toBeLessThanOrEqual(64);
  });

  describe('when the server is overloaded', () => {
    it('waits for Retry-After, and then tries again', async () => {
      let left = 2;
      proxy.fault = () => (left-- > 0 ? tooMany(1) : undefined);
      const startedAt = performance.now();
      await transport.request({ method: 'POST', path: path(), body: configMap('patient') });
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(2000);
      expect(answers.map(({ code }) => code)).toEqual(['429', '429', '201']);
    });

    it('sends fewer calls in parallel, and more again after answers', async () => {
      await Promise.all(Array.from({ length: 300 }, () => transport.request({ path: path() })));
      const before = transport.concurrency;
      expect(before).toBeGreaterThan(16);
      let left = 1;
      proxy.fault = () => (left-- > 0 ? tooMany(0) : undefined);
      await transport.request({ path: path() });
      expect(transport.concurrency).toBe(Math.floor(before / 2));
      await Promise.all(Array.from({ length: 300 }, () => transport.request({ path: path() })));
      expect(transport.concurrency).toBeGreaterThan(Math.floor(before / 2));
    });

    it('fails at the deadline', async () => {
      proxy.fault = () => tooMany(60);
      await expect(transport.request({ path: path(), timeoutMs: 300 })).rejects.toThrow(/no answer within 0.3 s/);
    });

    it('does not repeat a call that was rejected without Retry-After', async () => {
      proxy.fault = () => ({ kind: 'answer', status: 500, body: 'etcdserver: leader changed' });
      await expect(transport.request({ path: path() })).rejects.toThrow(
        /rejected with 500: etcdserver: leader changed/,
      );
      expect(proxy.calls).toHaveLength(1);
    });
  });

  describe('when connections break', () => {
    it('repeats reads', async () => {
      let left = 2;
      proxy.fault = () => (left-- > 0 ? { kind: 'reset' } : undefined);
      expect(await transport.request({ path: path() })).toMatchObject({ kind: 'ConfigMapList' });
    });

    it('never repeats a write: the caller has to find out', async () => {
      proxy.fault = () => ({ kind: 'reset-after' });
      const body = configMap('once');
      await expect(transport.request({ method: 'POST', path: path(), body })).rejects.toMatchObject({
        name: 'UnreachableError',
      });
      expect(proxy.calls).toHaveLength(1);
      proxy.fault = () => undefined;
      expect(await transport.request({ path: path('once') })).toMatchObject({ metadata: { name: 'once' } });
    });

    it('fails at the deadline when the server is silent', async () => {
      proxy.fault = () => ({ kind: 'silence' });
      await expect(transport.request({ path: path(), timeoutMs: 300 })).rejects.toThrow(/no answer within 0.3 s/);
    });

    it('rejects half an answer', async () => {
      proxy.fault = () => ({ kind: 'cut', afterBytes: 20 });
      await expect(transport.request({ path: path() })).rejects.toMatchObject({ name: 'UnreachableError' });
    });

    it('reports an answer that is not JSON', async () => {
      proxy.fault = () => ({ kind: 'answer', status: 200, body: '<html>Sign in</html>' });
      await expect(transport.request({ path: path() })).rejects.toThrow(/not answered in JSON/);
    });
  });

  it('ends with the signal of its caller', async () => {
    proxy.fault = () => ({ kind: 'silence' });
    const controller = new AbortController();
    const call = transport.request({ path: path(), signal: controller.signal });
    controller.abort(new Error('no longer needed'));
    await expect(call).rejects.toThrow(/no longer needed/);
  });

  it('reads a token again when the server rejects it', async () => {
    const access = await credentials.load();
    const loads: string[] = [];
    const rotating: Credentials = {
      ...credentials,
      load: async () => {
        loads.push('load');
        const token = loads.length === 1 ? 'expired' : access.headers['authorization']?.replace('Bearer ', '');
        return { tls: access.tls, headers: { authorization: `Bearer ${token}` } };
      },
    };
    await using rotated = new Transport(rotating, { userAgent: 'framewright-test' });
    expect(await rotated.request({ path: path() })).toMatchObject({ kind: 'ConfigMapList' });
    expect(loads).toHaveLength(2);
    await rotated.request({ path: path() });
    expect(loads).toHaveLength(2);
  });

  it('tries once more with a fresh token, and not again', async () => {
    const { tls } = await credentials.load();
    const load = async () => ({ tls, headers: { authorization: 'Bearer wrong' } });
    await using stranger = new Transport({ ...credentials, load }, { userAgent: 'framewright-test' });
    await expect(stranger.request({ path: path() })).rejects.toMatchObject({ status: 401 });
  });

  it('does not trust a server whose certificate the kubeconfig does not verify', async () => {
    const load = async () => ({ tls: { verify: true }, headers: {} });
    await using careful = new Transport({ ...credentials, load }, { userAgent: 'framewright-test' });
    await expect(careful.request({ path: path(), method: 'POST' })).rejects.toThrow(/certificate/);
  });

  it('streams a watch as it arrives', async () => {
    const controller = new AbortController();
    const query = { watch: true, resourceVersion: await versionNow(transport, path()) };
    const stream = await transport.stream({ path: path(), query, signal: controller.signal });
    await transport.request({ method: 'POST', path: path(), body: configMap('seen') });
    let text = '';
    for await (const chunk of stream) {
      text += Buffer.from(chunk).toString();
      if (text.endsWith('\n')) break;
    }
    expect(JSON.parse(text)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'seen' } } });
    controller.abort();
  });
});

async function versionNow(transport: Transport, path: string): Promise<string> {
  const list = await transport.request({ path, query: { limit: 1 } });
  if (!isRecord(list) || !isRecord(list['metadata'])) throw new Error('Expected a list');
  return String(list['metadata']['resourceVersion']);
}
