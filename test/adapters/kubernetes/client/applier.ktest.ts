import { afterAll, beforeAll, expect, it } from 'vitest';
import { Applier } from '../../../../src/adapters/kubernetes/client/applier.ts';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { type Answered, Transport } from '../../../../src/adapters/kubernetes/client/transport.ts';
import { describeOnCluster } from '../../../support/cluster.ts';

describeOnCluster('server-side apply', (cluster) => {
  let namespace = '';
  let transport: Transport;
  const answers: Answered[] = [];
  beforeAll(async () => {
    namespace = await cluster.namespace();
    const onAnswer = (answer: Answered): void => void answers.push(answer);
    transport = new Transport(await kubeconfigCredentials(cluster.kubeconfig), {
      userAgent: 'framewright-test',
      onAnswer,
    });
  });
  afterAll(() => transport[Symbol.asyncDispose]());

  const intent = (name: string, data: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
  });
  const path = (name: string): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`;

  it('makes an object, and makes no request when it already says so', async () => {
    const applier = new Applier(transport, 'framewright-test');
    const first = await applier.apply({ path: path('quiet'), intent: intent('quiet', { a: '1' }) });
    expect(first).toMatchObject({ sent: true, object: { data: { a: '1' } } });
    const before = answers.length;
    const again = await applier.apply({ path: path('quiet'), intent: intent('quiet', { a: '1' }), live: first.object });
    expect(again).toEqual({ sent: false, object: first.object });
    expect(answers).toHaveLength(before);
  });

  it('writes nothing for the same intent of a process that has just started', async () => {
    const { object } = await new Applier(transport, 'framewright-test').apply({
      path: path('restart'),
      intent: intent('restart', { a: '1' }),
    });
    const next = await new Applier(transport, 'framewright-test').apply({
      path: path('restart'),
      intent: intent('restart', { a: '1' }),
      live: object,
    });
    expect(next.sent).toBe(true);
    expect(next.object.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it('takes away fields that are no longer meant, and leaves those of others', async () => {
    const ours = new Applier(transport, 'framewright-test');
    const theirs = new Applier(transport, 'someone-else');
    await ours.apply({ path: path('shared'), intent: intent('shared', { a: '1', b: '2' }) });
    const { object: live } = await theirs.apply({ path: path('shared'), intent: intent('shared', { c: '3' }) });
    const { object } = await ours.apply({ path: path('shared'), intent: intent('shared', { a: '1' }), live });
    expect(object).toMatchObject({ data: { a: '1', c: '3' } });
    expect(object).not.toMatchObject({ data: { b: '2' } });
  });

  it('says again what someone else has changed, when it may', async () => {
    const applier = new Applier(transport, 'framewright-test');
    const wanted = intent('taken', { a: '1' });
    await applier.apply({ path: path('taken'), intent: wanted });
    await cluster.run(['patch', 'configmap', 'taken', '-n', namespace, '--type=merge', '-p', '{"data":{"a":"2"}}']);
    const live = await transport.request({ path: path('taken') });
    expect(live).toMatchObject({ data: { a: '2' } });
    await expect(applier.apply({ path: path('taken'), intent: wanted })).rejects.toMatchObject({ status: 409 });
    const forced = await applier.apply({ path: path('taken'), intent: wanted, force: true });
    expect(forced.object).toMatchObject({ data: { a: '1' } });
  });

  it('makes an object anew under a name that was given out before', async () => {
    const applier = new Applier(transport, 'framewright-test');
    const wanted = intent('reborn', { a: '1' });
    const { object: old } = await applier.apply({ path: path('reborn'), intent: wanted });
    await transport.request({ method: 'DELETE', path: path('reborn') });
    const { object, sent } = await applier.apply({ path: path('reborn'), intent: wanted });
    expect(sent).toBe(true);
    expect(object.metadata.uid).not.toBe(old.metadata.uid);
  });
});
