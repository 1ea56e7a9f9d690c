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
    const tell = (what: string): void => void story.push({ what: `${identity} ${what}`, at: performance.now() });
    let mayWrite = (): boolean => false;
    const running = election.run(async (leadership) => {
      ({ mayWrite } = leadership);
      tell('leads');
      if (!leadership.signal.aborted) await new Promise((end) => leadership.signal.addEventListener('abort', end));
      tell('stops');
    }, stop.signal);
    stack.defer(async () => {
      stop.abort();
      await running;
    });
    return { proxy, stop, running, errors, mayWrite: () => mayWrite() };
  }
  const told = (): string[] => story.map(({ what }) => what);
  const at = (what: string): number => story.find((entry) => entry.what === what)?.at ?? Number.NaN;

  it('lets one lead, and the next one when the first gives back the lease', async () => {
    const first = await candidate('a');
    await vi.waitFor(() => expect(told()).toEqual(['a leads']), patience);
    await candidate('b', { leaseMs: 600_000, renewDeadlineMs: 300_000 });
    // Several renewals of the one, several looks of the other.
    await vi.waitFor(
      () => expect(first.proxy.calls.filter(({ method }) => method === 'PUT').length).toBeGreaterThan(4),
      patience,
    );
    expect(told()).toEqual(['a leads']);
    first.stop.abort();
    await first.running;
    // Well before the lease would have expired: it was given back.
    await vi.waitFor(() => expect(told()).toEqual(['a leads', 'a stops', 'b leads']), patience);
  });

  it('shows by kubectl who leads', async () => {
    const { stop, running } = await candidate('a');
    const lease = async (): Promise<unknown> => {
      const found: unknown = JSON.parse(await cluster.run(['get', 'lease', 'operator', '-n', namespace, '-o', 'json']));
      return isRecord(found) ? found['spec'] : undefined;
    };
    await vi.waitFor(() => expect(told()).toEqual(['a leads']), patience);
    expect(await lease()).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 3, leaseTransitions: 0 });
    stop.abort();
    await running;
    // The API server leaves out an empty text.
    expect(await lease()).not.toHaveProperty('holderIdentity', 'a');
  });

  it('has the leader stop before another one leads, when it no longer reaches the API server', async () => {
    const first = await candidate('a');
    await vi.waitFor(() => expect(told()).toEqual(['a leads']), patience);
    await candidate('b');
    first.proxy.fault = () => ({ kind: 'silence' });
    first.proxy.silenceAll();
    await vi.waitFor(() => expect(told()).toEqual(['a leads', 'a stops', 'b leads']), patience);
    expect(first.mayWrite()).toBe(false);
    expect(at('b leads')).toBeGreaterThan(at('a stops'));
    // It comes back as a candidate.
    first.proxy.fault = () => undefined;
    await vi.waitFor(() => expect(first.errors.length).toBeGreaterThan(0), patience);
    expect(told()).toHaveLength(3);
  });

  it('goes on leading through errors that are shorter than the deadline', async () => {
    const first = await candidate('a', { leaseMs: 20_000, renewDeadlineMs: 15_000 });
    await vi.waitFor(() => expect(told()).toEqual(['a leads']), patience);
    let left = 3;
    first.proxy.fault = () => (left-- > 0 ? { kind: 'reset' } : undefined);
    await vi.waitFor(() => expect(first.errors).toHaveLength(3), patience);
    // The renewal was carried out and its answer lost: the version is another, the leader is not.
    first.proxy.fault = ({ method }) => (method === 'PUT' && left-- > -20 ? { kind: 'reset-after' } : undefined);
    await vi.waitFor(() => expect(first.errors.length).toBeGreaterThan(5), patience);
    first.proxy.fault = () => undefined;
    const calls = first.proxy.calls.length;
    await vi.waitFor(() => expect(first.proxy.calls.length).toBeGreaterThan(calls + 3), patience);
    expect(told()).toEqual(['a leads']);
    expect(first.mayWrite()).toBe(true);
  });

  it('does not depend on the clocks of the machines', async () => {
    const hours = 3_600_000;
    const past = { ...systemClock, now: () => Date.now() - 20 * hours };
    const future = { ...systemClock, now: () => Date.now() + 20 * hours };
    const first = await candidate('a', { clock: past });
    await vi.waitFor(() => expect(told()).toEqual(['a leads']), patience);
    const second = await candidate('b', { clock: future });
    await vi.waitFor(() => expect(second.proxy.calls.length).toBeGreaterThan(10), patience);
    expect(told()).toEqual(['a leads']);
    first.stop.abort();
    await vi.waitFor(() => expect(told()).toContain('b leads'), patience);
  });

  it('ends leadership when someone takes the lease away', async () => {
    const first = await candidate('a');
    await vi.waitFor(() => expect(told()).toEqual(['a leads']), patience);
    const patch = JSON.stringify({ spec: { holderIdentity: 'someone', renewTime: '2026-01-01T00:00:00.000000Z' } });
    await cluster.run(['patch', 'lease', 'operator', '-n', namespace, '--type=merge', '-p', patch]);
    await vi.waitFor(() => expect(told()[1]).toBe('a stops'), patience);
    // That one never renews, so it is taken again.
    await vi.waitFor(() => expect(told()).toEqual(['a leads', 'a stops', 'a leads']), patience);
    expect(first.mayWrite()).toBe(true);
  });

  describe('with several candidates that come and go', () => {
    it('never has two leaders', async () => {
      const names = ['a', 'b', 'c'];
      const candidates = await Promise.all(names.map((name) => candidate(name)));
      for (const index of [0, 1, 2]) {
        await vi.waitFor(() => expect(told().at(-1)).toMatch(/leads$/), patience);
        const leader = names.indexOf(told().at(-1)?.slice(0, 1) ?? '');
        const ends = candidates[leader];
        if (index === 1) ends?.proxy.resetAll();
        else ends?.stop.abort();
        const before = told().length;
        if (index !== 1) await vi.waitFor(() => expect(told().length).toBeGreaterThan(before), patience);
      }
      for (const [index, what] of told().entries()) expect(what).toMatch(index % 2 === 0 ? /leads$/ : /stops$/);
    });
  });
});

it('refuses times under which two could lead at once', async () => {
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
