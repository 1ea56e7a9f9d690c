import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../../../src/adapters/kubernetes/client/kubeconfig.ts';
import {
  LeaderElection,
  type LeaderElectionOptions,
} from '../../../../../src/adapters/kubernetes/client/lease/leader-election.ts';
import { Transport } from '../../../../../src/adapters/kubernetes/client/transport.ts';
import { isRecord } from '../../../../../src/lib/json.ts';
import { systemClock } from '../../../../../src/lib/system-clock.ts';
import { describeOnCluster } from '../../../../support/cluster.ts';
import { FaultProxy } from '../../../../support/fault-proxy.ts';

const patience = { timeout: 60_000, interval: 10 };
const times = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 200 };

describeOnCluster('leader election', (cluster) => {
  let namespace = '';
  let stack: AsyncDisposableStack;
  /** What happened, in order: `a leads`, `a stops`. */
  let story: { what: string; at: number }[];
  beforeEach(async () => {
    namespace = await cluster.namespace();
    stack = new AsyncDisposableStack();
    story = [];
  });
  afterEach(() => stack.disposeAsync());

  async function candidate(identity: string, options: Partial<LeaderElectionOptions> = {}) {
    const { proxy, credentials } = await FaultProxy.before(await kubeconfigCredentials(cluster.kubeconfig));
    stack.use(proxy);
    const transport = stack.use(new Transport(credentials, { userAgent: `framewright-test-${identity}` }));
    const stop = new AbortController();
    const errors: unknown[] = [];
    const election = new LeaderElection(transport, {
      namespace,
      name: 'operator',
      identity,
      clock: systemClock,
      onError: (error) => void errors.push(error),
      ...times,
      ...options,
    });
    const log = (what: string): void => void story.push({ what: `${identity} ${what}`, at: performance.now() });
    let mayWrite = (): boolean => false;
    const running = election.run(async (leadership) => {
      ({ mayWrite } = leadership);
      log('leads');
      if (!leadership.signal.aborted) await new Promise((end) => leadership.signal.addEventListener('abort', end));
      log('stops');
    }, stop.signal);
    stack.defer(async () => {
      stop.abort();
      await running;
    });
    return { proxy, stop, running, errors, mayWrite: () => mayWrite() };
  }
  const history = (): string[] => story.map(({ what }) => what);
  const at = (what: string): number => story.find((entry) => entry.what === what)?.at ?? Number.NaN;

  it('elects one leader, and the next one when the first releases the lease', async () => {
    const first = await candidate('a');
    await vi.waitFor(() => expect(history()).toEqual(['a leads']), patience);
    await candidate('b', { leaseMs: 600_000, renewDeadlineMs: 300_000 });
    // Several renewals of the one, several looks of the other.
    await vi.waitFor(
      () => expect(first.proxy.calls.filter(({ method }) => method === 'PUT').length).toBeGreaterThan(4),
      patience,
    );
    expect(history()).toEqual(['a leads']);
    first.stop.abort();
    await first.running;
    // Well before the lease would have expired: it was given back.
    await vi.waitFor(() => expect(history()).toEqual(['a leads', 'a stops', 'b leads']), patience);
  });

  it('shows the leader in kubectl', async () => {
    const { stop, running } = await candidate('a');
    const lease = async (): Promise<unknown> => {
      const found: unknown = JSON.parse(await cluster.run(['get', 'lease', 'operator', '-n', namespace, '-o', 'json']));
      return isRecord(found) ? found['spec'] : undefined;
    };
    await vi.waitFor(() => expect(history()).toEqual(['a leads']), patience);
    expect(await lease()).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 3, leaseTransitions: 0 });
    stop.abort();
    await running;
    // The API server leaves out an empty text.
    expect(await lease()).not.toHaveProperty('holderIdentity', 'a');
  });

  it('stops a leader that does not reach the API server before another one leads', async () => {
    const first = await candidate('a');
    await vi.waitFor(() => expect(history()).toEqual(['a leads']), patience);
    await candidate('b');
    first.proxy.fault = () => ({ kind: 'silence' });
    first.proxy.silenceAll();
    await vi.waitFor(() => expect(history()).toEqual(['a leads', 'a stops', 'b leads']), patience);
    expect(first.mayWrite()).toBe(false);
    expect(at('b leads')).toBeGreaterThan(at('a stops'));
    // It comes back as a candidate.
    first.proxy.fault = () => undefined;
    await vi.waitFor(() => expect(first.errors.length).toBeGreaterThan(0), patience);
    expect(history()).toHaveLength(3);
  });

  it('keeps the leader through errors that are shorter than the deadline', async () => {
    const first = await candidate('a', { leaseMs: 20_000, renewDeadlineMs: 15_000 });
    await vi.waitFor(() => expect(history()).toEqual(['a leads']), patience);
    let left = 3;
    first.proxy.fault = () => (left-- > 0 ? { kind: 'reset' } : undefined);
    await vi.waitFor(() => expect(first.errors).toHaveLength(3), patience);
    // The renewal was executed and its answer lost: the version has changed, but not the leader.
    first.proxy.fault = ({ method }) => (method === 'PUT' && left-- > -20 ? { kind: 'reset-after' } : undefined);
    await vi.waitFor(() => expect(first.errors.length).toBeGreaterThan(5), patience);
    first.proxy.fault = () => undefined;
    const calls = first.proxy.calls.length;
    await vi.waitFor(() => expect(first.proxy.calls.length).toBeGreaterThan(calls + 3), patience);
    expect(history()).toEqual(['a leads']);
    expect(first.mayWrite()).toBe(true);
  });

  it('does not depend on the clocks of the machines', async () => {
    const hours = 3_600_000;
    const past = { ...systemClock, now: () => Date.now() - 20 * hours };
    const future = { ...systemClock, now: () => Date.now() + 20 * hours };
    const first = await candidate('a', { clock: past });
    await vi.waitFor(() => expect(history()).toEqual(['a leads']), patience);
    const second = await candidate('b', { clock: future });
    await vi.waitFor(() => expect(second.proxy.calls.length).toBeGreaterThan(10), patience);
    expect(history()).toEqual(['a leads']);
    first.stop.abort();
    await vi.waitFor(() => expect(history()).toContain('b leads'), patience);
  });

  it('ends leadership when another process takes the lease', async () => {
    const first = await candidate('a');
    await vi.waitFor(() => expect(history()).toEqual(['a leads']), patience);
    const patch = JSON.stringify({ spec: { holderIdentity: 'someone', renewTime: '2026-01-01T00:00:00.000000Z' } });
    await cluster.run(['patch', 'lease', 'operator', '-n', namespace, '--type=merge', '-p', patch]);
    await vi.waitFor(() => expect(history()[1]).toBe('a stops'), patience);
    // That one never renews, so it is taken again.
    await vi.waitFor(() => expect(history()).toEqual(['a leads', 'a stops', 'a leads']), patience);
    expect(first.mayWrite()).toBe(true);
  });

  describe('with several candidates that come and go', () => {
    it('never has two leaders', async () => {
      const names = ['a', 'b', 'c'];
      const candidates = await Promise.all(names.map((name) => candidate(name)));
      for (const index of [0, 1, 2]) {
        await vi.waitFor(() => expect(history().at(-1)).toMatch(/leads$/), patience);
        const leader = names.indexOf(history().at(-1)?.slice(0, 1) ?? '');
        const ends = candidates[leader];
        if (index === 1) ends?.proxy.resetAll();
        else ends?.stop.abort();
        const before = history().length;
        if (index !== 1) await vi.waitFor(() => expect(history().length).toBeGreaterThan(before), patience);
      }
      for (const [index, what] of history().entries()) expect(what).toMatch(index % 2 === 0 ? /leads$/ : /stops$/);
    });
  });
});

it('rejects times with which two could lead together', async () => {
  const transport = new Transport(
    { server: 'http://127.0.0.1:1', namespace: 'n', load: async () => ({ tls: { verify: true }, headers: {} }) },
    { userAgent: 'framewright-test' },
  );
  const options = { namespace: 'n', name: 'l', identity: 'a', clock: systemClock };
  expect(() => new LeaderElection(transport, { ...options, leaseMs: 5_000, renewDeadlineMs: 5_000 })).toThrow(
    /a leader must stop before the next one starts/,
  );
  await transport[Symbol.asyncDispose]();
});
