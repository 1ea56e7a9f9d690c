import { expect, it, vi } from 'vitest';
import { freePort } from '../../cluster/control-plane/free-port.ts';
import { startNatsServer } from '../../cluster/services/nats-server.ts';
import { describeWithPrograms } from '../../support/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { asAdministrator, busOn, followingBus, type LoggedBus, progressMessage } from './bus-on-server.ts';

const patience = { timeout: 60_000, interval: 20 };

describeWithPrograms('nats', 'a progress bus on a failing NATS server', (paths) => {
  const program = paths['nats-server'] ?? '';
  const natsUrl = (proxy: TcpProxy): string => proxy.url.replace('http:', 'nats:');
  /** Publishes until a reader receives it. */
  const publishUntilReceived = async (from: LoggedBus, to: LoggedBus, uid: string, first: number): Promise<void> => {
    let sequence = first;
    await eventually(
      () => {
        from.bus.publish(progressMessage(uid, sequence++));
        expect(to.bus.latest(uid)?.sequence).toBeGreaterThanOrEqual(first);
      },
      { withinMs: patience.timeout, everyMs: patience.interval },
    );
  };

  it('starts without the server', async () => {
    const port = await freePort();
    await using worker = await busOn(`nats://127.0.0.1:${port}`);
    await using reader = await busOn(`nats://127.0.0.1:${port}`);
    for (let sequence = 1; sequence <= 1000; sequence += 1) worker.bus.publish(progressMessage('a', sequence));
    expect(reader.bus.health()).toEqual({ connected: false, following: false });
    await vi.waitFor(() => expect(reader.warnings).toEqual([expect.stringContaining('NATS is unavailable')]), patience);
    await using _server = await startNatsServer(program, { port });
    // The stream may be created only after the last message: as in production, the next message follows.
    await publishUntilReceived(worker, reader, 'a', 1000);
    expect(reader.bus.health()).toEqual({ connected: true, following: true });
    expect(reader.bus.counts.received).toBeLessThan(500);
  });

  it('goes on after the server was killed and lost its state', async () => {
    await using stack = new AsyncDisposableStack();
    const first = await startNatsServer(program);
    const port = Number(new URL(first.url).port);
    const worker = stack.use(await followingBus(first.url));
    const reader = stack.use(await followingBus(first.url));
    worker.bus.publish(progressMessage('a', 1));
    await vi.waitFor(() => expect(reader.bus.latest('a')?.sequence).toBe(1), patience);
    first.program.kill('SIGKILL');
    await first[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(reader.bus.health().connected).toBe(false), patience);
    worker.bus.publish(progressMessage('a', 2));
    expect(reader.bus.latest('a')?.sequence).toBe(1);
    stack.use(await startNatsServer(program, { port }));
    await publishUntilReceived(worker, reader, 'a', 3);
  });

  it('goes on after its stream was deleted', async () => {
    await using server = await startNatsServer(program);
    await using worker = await followingBus(server.url);
    await using reader = await followingBus(server.url);
    await asAdministrator(server.url, ({ deleteStream }) => deleteStream());
    await publishUntilReceived(worker, reader, 'a', 1);
  });

  it('starts without JetStream and uses it once the server has it', async () => {
    const port = await freePort();
    await using stack = new AsyncDisposableStack();
    const first = await startNatsServer(program, { port, jetStream: false });
    await using reader = await busOn(first.url);
    await vi.waitFor(
      () => expect(reader.warnings).toContainEqual(expect.stringContaining('Progress stream unavailable')),
      patience,
    );
    expect(reader.bus.health()).toEqual({ connected: true, following: false });
    await first[Symbol.asyncDispose]();
    stack.use(await startNatsServer(program, { port }));
    await publishUntilReceived(reader, reader, 'a', 1);
  });

  it('goes on after the connection was cut at any moment', async () => {
    await using server = await startNatsServer(program);
    await using proxy = await TcpProxy.before(server.url);
    await using worker = await followingBus(natsUrl(proxy));
    await using reader = await followingBus(natsUrl(proxy));
    for (let cut = 1; cut <= 5; cut += 1) {
      worker.bus.publish(progressMessage('a', 10 * cut));
      let cuts = 0;
      proxy.decide = () => (cuts++ === 0 ? 'cut' : 'pass');
      await publishUntilReceived(worker, reader, 'a', 10 * cut + 1);
    }
  });

  it('closes a dead connection and leaves none open', async () => {
    await using server = await startNatsServer(program);
    await using proxy = await TcpProxy.before(server.url);
    await using worker = await followingBus(natsUrl(proxy));
    await using reader = await followingBus(natsUrl(proxy));
    worker.bus.publish(progressMessage('a', 1));
    await vi.waitFor(() => expect(reader.bus.latest('a')?.sequence).toBe(1), patience);
    proxy.decide = () => 'silence';
    const before = proxy.connections;
    // Both have closed the old connection and at least two new ones, on which the server never sends a byte.
    await vi.waitFor(() => expect(proxy.connections).toBeGreaterThanOrEqual(before + 4), patience);
    expect(proxy.open).toBeLessThanOrEqual(4);
    expect(reader.bus.health()).toEqual({ connected: false, following: false });
    proxy.decide = () => 'pass';
    await publishUntilReceived(worker, reader, 'a', 2);
    await vi.waitFor(() => expect(proxy.open).toBe(2), patience);
  });

  it('works with a user that may publish progress and nothing else', async () => {
    const config = `
      jetstream: enabled
      authorization {
        users = [
          {user: admin, password: admin}
          {user: framewright, password: "p@ss", permissions: {
            publish: [
              "$JS.API.STREAM.*.FRAMEWRIGHT_PROGRESS", "$JS.API.CONSUMER.CREATE.FRAMEWRIGHT_PROGRESS",
              "$JS.API.CONSUMER.INFO.FRAMEWRIGHT_PROGRESS.*", "$JS.API.CONSUMER.MSG.NEXT.FRAMEWRIGHT_PROGRESS.*"
            ]
            subscribe: ["_INBOX.>"]
          }}
          {user: worker, password: secret, permissions: {publish: ["framewright.progress.>"], subscribe: {deny: [">"]}}}
        ]
      }`;
    await using server = await startNatsServer(program, { config });
    const as = (login: string): string => server.url.replace('//', `//${login}@`);
    await using reader = await followingBus(as('framewright:p%40ss'));
    await using worker = await busOn(as('worker:secret'));
    await publishUntilReceived(worker, reader, 'a', 1);
    reader.bus.forget('a');
    await publishUntilReceived(worker, reader, 'b', 1);
    // It may neither read the messages of others nor create or delete the stream.
    expect(worker.bus.latest('a')).toBeUndefined();
    expect(worker.bus.health()).toEqual({ connected: true, following: false });
    expect(reader.warnings).toEqual([]);
    await using unknownUser = await busOn(as('worker:wrong'));
    await vi.waitFor(
      () => expect(unknownUser.warnings).toEqual([expect.stringContaining('NATS is unavailable')]),
      patience,
    );
    expect(unknownUser.bus.health().connected).toBe(false);
  });
});
