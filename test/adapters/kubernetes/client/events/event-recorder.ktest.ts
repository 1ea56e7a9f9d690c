import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { EventRecorder } from '../../../../../src/adapters/kubernetes/client/events/event-recorder.ts';
import type { EventFacts } from '../../../../../src/adapters/kubernetes/client/events/event-series.ts';
import { kubeconfigCredentials } from '../../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../../../src/adapters/kubernetes/client/transport.ts';
import { systemClock } from '../../../../../src/lib/system-clock.ts';
import { describeOnCluster } from '../../../../support/cluster.ts';
import { FaultProxy } from '../../../../support/fault-proxy.ts';

const Events = z.object({
  items: z.array(
    z.object({
      type: z.string(),
      reason: z.string(),
      action: z.string(),
      note: z.string(),
      series: z.object({ count: z.int() }).optional(),
    }),
  ),
});

describeOnCluster('the event recorder', (cluster) => {
  let namespace = '';
  let proxy: FaultProxy;
  let transport: Transport;
  let now = 0;
  const errors: unknown[] = [];
  beforeEach(async () => {
    namespace = await cluster.namespace();
    const before = await FaultProxy.before(await kubeconfigCredentials(cluster.kubeconfig));
    ({ proxy } = before);
    transport = new Transport(before.credentials, { userAgent: 'framewright-test' });
    now = Date.now();
    errors.length = 0;
  });
  afterEach(async () => {
    await transport[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const recorder = (capacity = 100): EventRecorder =>
    new EventRecorder(transport, {
      controller: 'framewright.dev/operator',
      instance: 'operator-0',
      clock: { ...systemClock, now: () => now },
      capacity,
      seriesMs: 600_000,
      onError: (error) => void errors.push(error),
    });
  const facts = (note: string, more: Partial<EventFacts> = {}): EventFacts => ({
    regarding: { apiVersion: 'framewright.dev/v1alpha1', kind: 'RenderJob', namespace, name: 'clip', uid: 'uid-1' },
    type: 'Normal',
    reason: 'AttemptStarted',
    action: 'StartAttempt',
    note,
    ...more,
  });
  const events = async () => {
    const list = await transport.request({ path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events` });
    return Events.parse(list).items.toSorted((a, b) => a.note.localeCompare(b.note));
  };

  it('writes events that kubectl shows', async () => {
    await using events = recorder();
    events.record(facts('attempt 1 started on gpu-0'));
    events.record(facts('attempt 1 failed: no such file', { type: 'Warning', reason: 'AttemptFailed' }));
    await events.flush();
    expect(errors).toEqual([]);
    const shown = await cluster.run(['events', '-n', namespace, '--for', 'RenderJob/clip', '--no-headers']);
    expect(shown).toMatch(/Normal\s+AttemptStarted\s+RenderJob\/clip\s+attempt 1 started on gpu-0/);
    expect(shown).toMatch(/Warning\s+AttemptFailed\s+RenderJob\/clip\s+attempt 1 failed: no such file/);
  });

  it('counts a repeated event instead of writing it again', async () => {
    await using recorded = recorder();
    for (let times = 0; times < 50; times += 1) recorded.record(facts('waits for a slot'));
    await recorded.flush();
    for (let times = 0; times < 7; times += 1) recorded.record(facts('waits for a slot'));
    await recorded.flush();
    await recorded.flush();
    expect(await events()).toMatchObject([{ note: 'waits for a slot', series: { count: 57 } }]);
    // One to make it, one for each flush that had something new to count.
    expect(proxy.calls.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(3);
    now += 400_000;
    recorded.record(facts('waits for a slot'));
    await recorded.flush();
    expect(await events()).toHaveLength(2);
  });

  it('writes a new event after one has expired', async () => {
    await using recorded = recorder();
    recorded.record(facts('waits'));
    await recorded.flush();
    await cluster.run(['delete', 'events', '--all', '-n', namespace]);
    recorded.record(facts('waits'));
    await recorded.flush();
    expect(await events()).toMatchObject([{ note: 'waits', series: { count: 2 } }]);
  });

  it('cuts a note to the limit of an event', async () => {
    await using recorded = recorder();
    recorded.record(facts('ß'.repeat(2_000)));
    await recorded.flush();
    expect(errors).toEqual([]);
    expect((await events())[0]?.note).toMatch(/^ß{510}…$/);
  });

  it('never blocks its caller: it drops events over the capacity and those that cannot be written', async () => {
    await using recorded = recorder(3);
    proxy.fault = () => ({ kind: 'answer', status: 403, body: '' });
    for (let index = 0; index < 10; index += 1) recorded.record(facts(`event ${index}`));
    await recorded.flush();
    expect(recorded.dropped).toBeGreaterThan(0);
    expect(errors.length).toBe(10 - recorded.dropped);
    proxy.fault = () => undefined;
    recorded.record(facts('and on'));
    await recorded.flush();
    expect(await events()).toMatchObject([{ note: 'and on' }]);
  });
});
