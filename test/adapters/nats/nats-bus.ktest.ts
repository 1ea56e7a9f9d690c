import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { messageBody } from '../../../src/adapters/nats/progress-message.ts';
import { progressSubject } from '../../../src/adapters/nats/subject.ts';
import { type NatsServer, startNatsServer } from '../../cluster/services/nats-server.ts';
import { progressBusContract } from '../../contract/progress-bus.ts';
import { describeWithPrograms } from '../../support/cluster.ts';
import { asAdministrator, followingBus, type LoggedBus, progressMessage } from './bus-on-server.ts';

const patience = { timeout: 30_000, interval: 10 };

describeWithPrograms('nats', 'a progress bus on NATS', (paths) => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer(paths['nats-server'] ?? '');
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => asAdministrator(server.url, ({ deleteStream }) => deleteStream()));

  // Published in one process, received in another.
  progressBusContract('over NATS', async () => {
    const stack = new AsyncDisposableStack();
    const { bus } = stack.use(await followingBus(server.url));
    const { bus: publisher } = stack.use(await followingBus(server.url));
    return { bus, publisher, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  });

  it('delivers the last message of every job to a process that starts later', async () => {
    await using early = await followingBus(server.url);
    for (const uid of ['a', 'b']) for (const sequence of [1, 2, 3]) early.bus.publish(progressMessage(uid, sequence));
    await vi.waitFor(() => expect(early.bus.latest('b')?.sequence).toBe(3), patience);
    await using late = await followingBus(server.url);
    await vi.waitFor(
      () =>
        expect(['a', 'b'].map((uid) => late.bus.latest(uid))).toEqual([
          progressMessage('a', 3),
          progressMessage('b', 3),
        ]),
      patience,
    );
  });

  it('forgets a job for processes that start later, late messages included', async () => {
    await using operator = await followingBus(server.url);
    await using worker = await followingBus(server.url);
    worker.bus.publish(progressMessage('a', 1));
    worker.bus.publish(progressMessage('b', 1));
    await vi.waitFor(() => expect(operator.bus.latest('b')).toBeDefined(), patience);
    operator.bus.forget('a');
    worker.bus.publish(progressMessage('a', 2));
    worker.bus.publish(progressMessage('b', 2));
    await vi.waitFor(() => expect(operator.bus.latest('b')?.sequence).toBe(2), patience);
    expect(operator.bus.latest('a')).toBeUndefined();
    await asAdministrator(server.url, async ({ subjects }) => {
      await vi.waitFor(
        async () => expect(await subjects()).toEqual([progressSubject(progressMessage('b', 2))]),
        patience,
      );
    });
  });

  it('ignores messages that are not progress, and logs that once', async () => {
    await using reader = await followingBus(server.url);
    await asAdministrator(server.url, async ({ publish }) => {
      const good = progressMessage('a', 5);
      const body = messageBody(good);
      publish(progressSubject(good), body);
      for (const text of ['', 'null', '{', body.slice(0, -1), body.replace('5', '-5'), 'x'.repeat(4000)]) {
        publish(progressSubject({ ...good, uid: 'hostile' }), text);
      }
      publish(progressSubject(good), new Uint8Array([0xff, 0xfe, 0x00]));
      publish(progressSubject({ ...good, uid: 'oversized' }), 'x'.repeat(100_000));
      for (const subject of [
        'framewright.progress.a',
        'framewright.progress.a.b.c.d',
        'framewright.progress.a.b.c.1.2',
      ]) {
        publish(subject, body);
      }
      publish(progressSubject(good), messageBody({ ...good, sequence: 6 }));
    });
    await vi.waitFor(() => expect(reader.bus.latest('a')?.sequence).toBe(6), patience);
    expect(reader.bus.latest('hostile') ?? reader.bus.latest('oversized')).toBeUndefined();
    expect(reader.bus.counts.rejected).toBeGreaterThanOrEqual(3);
    expect(reader.warnings).toEqual(['Progress message ignored']);
  });

  it('reports the age of a message on its arrival', async () => {
    const ages: number[] = [];
    await using reader = await followingBus(server.url, { onAge: (age) => void ages.push(age) });
    const { progress, ...rest } = progressMessage('a', 1);
    const before = Date.now();
    reader.bus.publish({ ...rest, progress: { ...progress, updatedAt: new Date(before).toISOString() } });
    await vi.waitFor(() => expect(ages).toHaveLength(1), patience);
    expect(ages[0]).toBeGreaterThanOrEqual(0);
    expect(ages[0]).toBeLessThanOrEqual(Date.now() - before);
  });

  it('delivers the last message of 500 busy jobs to every process, without a backlog', async () => {
    await using one = await followingBus(server.url);
    await using other = await followingBus(server.url);
    const uids = Array.from({ length: 500 }, (_, index) => `job-${index}`);
    const rounds = 20;
    for (let sequence = 1; sequence <= rounds; sequence += 1) {
      for (const uid of uids) one.bus.publish(progressMessage(uid, sequence));
    }
    const receiveLast = ({ bus }: LoggedBus): Promise<void> =>
      vi.waitFor(() => expect(uids.every((uid) => bus.latest(uid)?.sequence === rounds)).toBe(true), patience);
    await Promise.all([one, other].map(receiveLast));
    // Messages of one job that are published together are sent once; slightly more when publishing takes longer than sending.
    expect(other.bus.counts.received).toBeLessThan((uids.length * rounds) / 2);
    await using late = await followingBus(server.url);
    await receiveLast(late);
    expect(late.bus.counts.received).toBe(uids.length);
    await asAdministrator(server.url, async ({ subjects }) => expect(await subjects()).toHaveLength(uids.length));
  });
});
