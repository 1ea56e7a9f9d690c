import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { ProgressMessage } from '../../src/model/status/progress.ts';
import { workerEnvironment } from '../../src/worker-protocol/environment.ts';
import { followingBus } from '../adapters/nats/bus-on-server.ts';
import { freePort } from '../cluster/control-plane/free-port.ts';
import { startNatsServer } from '../cluster/services/nats-server.ts';
import { describeWithPrograms } from '../support/cluster.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { type Bench, createBench, mainFile, makeClip, stageOf } from '../support/worker-harness.ts';

const patience = { timeout: 100_000, interval: 20 };
const short: Partial<StageSpec> = { operations: [{ mute: {} }] };

// As in a pod: the worker has no IPC channel.
describeWithPrograms('nats', 'a worker with a NATS server', (paths) => {
  const program = paths['nats-server'] ?? '';
  let bench: Bench;
  let child: ChildProcessWithoutNullStreams | undefined;
  beforeEach(async () => {
    bench = await createBench();
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await bench.close();
  });

  const start = (spec: StageSpec, natsUrl: string) => {
    const extra = { [workerEnvironment.natsUrl]: natsUrl, [workerEnvironment.logLevel]: 'info' };
    const worker = spawn(process.execPath, [mainFile, 'worker'], { env: bench.environment(spec, extra) });
    child = worker;
    const ended = Promise.all([once(worker, 'exit'), text(worker.stdout), text(worker.stderr)]);
    return ended.then(([, stdout, stderr]) => ({ status: worker.exitCode, stdout, stderr }));
  };

  it('sends its progress to the end', async () => {
    await using server = await startNatsServer(program);
    await using reader = await followingBus(server.url);
    const stop = new AbortController();
    const heard: ProgressMessage[] = [];
    const reading = (async () => {
      for await (const message of reader.bus.subscribe({ uid: 'uid' }, { signal: stop.signal })) heard.push(message);
    })();
    await makeClip(join(bench.objects, 'clip.mp4'), 1);
    expect(await start(stageOf(short), server.url)).toMatchObject({ status: 0, stdout: '' });
    await vi.waitFor(
      () => expect(heard.at(-1)?.progress).toMatchObject({ percent: 100, step: 'publishing' }),
      patience,
    );
    stop.abort();
    await reading;
    expect(heard[0]).toMatchObject({ namespace: 'default', name: 'job', uid: 'uid', attempt: 1 });
    const percents = heard.map(({ progress }) => progress.percent);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  });

  it('goes on rendering when the server is killed, and sends progress after its restart', async () => {
    await using stack = new AsyncDisposableStack();
    const first = await startNatsServer(program);
    const reader = stack.use(await followingBus(first.url));
    // Long enough on any machine; it is not waited for.
    await makeClip(join(bench.objects, 'clip.mp4'), 60);
    const output: StageSpec['output'] = { video: { preset: 'quality', resolution: { height: 1080 } } };
    const ended = start(stageOf({ output }), first.url);
    await vi.waitFor(() => expect(reader.bus.latest('uid')?.progress.step).toBe('encoding'), patience);
    first.program.kill('SIGKILL');
    await first[Symbol.asyncDispose]();
    const before = reader.bus.latest('uid')?.sequence ?? 0;
    stack.use(await startNatsServer(program, { port: Number(new URL(first.url).port) }));
    await vi.waitFor(() => expect(reader.bus.latest('uid')?.sequence).toBeGreaterThan(before), patience);
    child?.kill('SIGTERM');
    expect((await ended).status).toBe(143);
  });

  it('renders when the server never answers', async () => {
    await makeClip(join(bench.objects, 'clip.mp4'), 1);
    const { status, stderr } = await start(stageOf(short), `nats://me:hunter2@127.0.0.1:${await freePort()}`);
    expect(status).toBe(0);
    expect(stderr).toContain('NATS is unavailable; progress updates are paused');
    expect(stderr).not.toContain('hunter2');
    expect(await bench.published()).toEqual(['uid-1-main.mp4']);
  });

  it.each([
    ['a server that never answers', 'silent'],
    ['no URL at all', 'http://me:hunter2@nowhere'],
  ])('exits with its own status in spite of %s', async (_case, url) => {
    await using server = await startNatsServer(program);
    await using proxy = await TcpProxy.before(server.url);
    proxy.decide = () => 'silence';
    const spec = stageOf({ inputs: [{ name: 'main', asset: 'nowhere.mp4' }] });
    const { status, stderr } = await start(spec, url === 'silent' ? proxy.url.replace('http:', 'nats:') : url);
    expect(status).toBe(bench.result().exitCode);
    expect(bench.result().error?.code).toBe('SOURCE_NOT_FOUND');
    expect(stderr).not.toContain('hunter2');
  });
});
