import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultApiOptions } from '../../../../src/api/services.ts';
import type { StageRun } from '../../../../src/ports/stage-runner.ts';
import { ApiServer, type Client } from '../../../support/api-server.ts';
import { type Event, Stream } from '../../../support/event-stream.ts';
import { aRun } from '../../../support/jobs.ts';

let server: ApiServer;
let client: Client;
let runs: StageRun[] = [];

beforeAll(async () => {
  server = await ApiServer.start({
    options: { heartbeatSeconds: 0.2 },
    services: {
      runner: {
        observe: async () => runs,
        async *logs({ attempt }, { follow, signal }) {
          yield Buffer.from(`{"attempt":${attempt}}\n`);
          if (follow) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    },
  });
  client = await server.client('ann', 'admin');
  await server.publish('clip.mp4');
});
afterAll(async () => server[Symbol.asyncDispose]());

async function made(): Promise<string> {
  return client.make('mute', { videoUrl: '/assets/clip.mp4' });
}

const openAt = (name: string, lastEventId?: string, key = client.key, url = server.url): Promise<Stream> =>
  Stream.open({ url, key }, name, lastEventId);

describe('open streams of a key', () => {
  it('are rejected beyond the limit with a problem and Retry-After until one ends', async () => {
    const limits = { ...defaultApiOptions.limits, streamsPerKey: 3 };
    await using own = await ApiServer.start({ options: { limits } });
    await own.publish('clip.mp4');
    const [ann, bob] = [await own.client('ann', 'admin'), await own.client('bob', 'admin')];
    const name = await ann.make('mute', { videoUrl: '/assets/clip.mp4' });
    const open = (key: string): Promise<Stream> => openAt(name, undefined, key, own.url);
    const streams = [await open(ann.key), await open(ann.key), await open(ann.key)];
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200]);

    for (const path of ['events', 'logs?follow']) {
      const rejected = await fetch(`${own.url}/apis/render-jobs/${name}/${path}`, {
        headers: { 'x-api-key': ann.key },
      });
      expect(rejected.status).toBe(429);
      expect(rejected.headers.get('content-type')).toContain('application/problem+json');
      expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await rejected.json()).toMatchObject({
        status: 429,
        code: 'TOO_MANY_REQUESTS',
        detail: 'The key has reached the limit of 3 open streams.',
        remedy: expect.stringContaining('FRAMEWRIGHT_MAX_STREAMS_PER_KEY') as unknown,
      });
    }
    // Other keys are not affected, nor are requests that are not streams.
    await using other = await open(bob.key);
    expect(other.status).toBe(200);
    expect((await ann.get(`/apis/render-jobs/${name}`)).status).toBe(200);

    await streams[0]?.[Symbol.asyncDispose]();
    // The server notices a closed connection a moment later.
    await expect
      .poll(async () => {
        await using again = await open(ann.key);
        return again.status;
      })
      .toBe(200);
    for (const stream of streams) await stream[Symbol.asyncDispose]();
  });
});

describe('GET /apis/render-jobs/:id/events', () => {
  it('sends the current state, then changes and progress, and ends with the job', async () => {
    const name = await made();
    await using stream = await openAt(name);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await stream.block()).toBe('retry: 2000');
    const first = await stream.next();
    expect(JSON.parse(first?.data ?? '')).toMatchObject({ metadata: { name }, status: { phase: 'Queued' } });
    await server.move(name, { phase: 'Running' });
    expect(JSON.parse((await stream.next())?.data ?? '')).toMatchObject({ status: { phase: 'Running' } });
    for (const [sequence, percent] of [
      [1, 10],
      [2, 20],
    ] as const) {
      await server.progress(name, sequence, { percent });
      const event = await stream.next();
      expect([event?.event, JSON.parse(event?.data ?? '')]).toEqual([
        'progress',
        expect.objectContaining({ attempt: 1, percent, step: 'encoding' }),
      ]);
    }
    await server.move(name, {
      phase: 'Succeeded',
      result: { outputs: [{ name: 'main', kind: 'video', key: 'a.mp4', mediaType: 'video/mp4', bytes: 1 }] },
    });
    const last = await stream.next();
    expect(JSON.parse(last?.data ?? '')).toMatchObject({
      status: { phase: 'Succeeded', result: { outputs: [{ url: `${server.url}/assets/a.mp4` }] } },
    });
    expect(await stream.next()).toBeUndefined();
  });

  it('resumes after Last-Event-ID, without the state and the progress that were seen', async () => {
    const name = await made();
    await server.move(name, { phase: 'Running' });
    await server.progress(name, 5, { percent: 50 });
    let seen: Event | undefined;
    {
      await using stream = await openAt(name);
      expect((await stream.next())?.event).toBe('job');
      seen = await stream.next();
      expect(seen?.event).toBe('progress');
    }
    await using again = await openAt(name, seen?.id);
    await server.progress(name, 6, { percent: 60 });
    const next = await again.next();
    expect([next?.event, JSON.parse(next?.data ?? '')]).toEqual(['progress', expect.objectContaining({ percent: 60 })]);
  });

  it('sends the state again when it changed while the client was disconnected', async () => {
    const name = await made();
    let id: string | undefined;
    {
      await using stream = await openAt(name);
      id = (await stream.next())?.id;
    }
    await server.move(name, { phase: 'Failed', error: { code: 'FFMPEG_STALLED', message: 'x' } });
    await using again = await openAt(name, id);
    const event = await again.next();
    expect(JSON.parse(event?.data ?? '')).toMatchObject({ status: { phase: 'Failed' } });
    expect(await again.next()).toBeUndefined();
    await using once = await openAt(name, event?.id);
    expect(once.status).toBe(204);
  });

  it.each([
    ['empty', ''],
    ['nonsense', 'nonsense'],
    ['too short', '1/2/3'],
    ['very long', '9'.repeat(5000)],
  ])('ignores a Last-Event-ID that is %s', async (_name, id) => {
    const name = await made();
    await using stream = await openAt(name, id);
    expect((await stream.next())?.event).toBe('job');
    await server.move(name, { phase: 'Cancelled' });
  });

  it('sends heartbeats while nothing happens', async () => {
    const name = await made();
    await using stream = await openAt(name);
    const blocks = [
      await stream.block(),
      (await stream.block())?.slice(0, 10),
      await stream.block(),
      await stream.block(),
    ];
    expect(blocks).toEqual(['retry: 2000', 'event: job', ': heartbeat', ': heartbeat']);
    await server.move(name, { phase: 'Cancelled' });
  });

  it('sends an event when the job is removed, and ends', async () => {
    const name = await made();
    await using stream = await openAt(name);
    await stream.next();
    const { uid } = (await server.job(name)).metadata;
    await server.store.finalize({ namespace: 'default', name }, uid);
    expect((await stream.next())?.event).toBe('removed');
    expect(await stream.next()).toBeUndefined();
  });

  it('never contains the query of a source URL', async () => {
    const { body } = await client.post('/apis/render-jobs', {
      inputs: [{ name: 'a', url: 'https://example.com/a.mp4?signature=secret' }],
    });
    const name = /"name":"(transcode-[^"]+)"/.exec(JSON.stringify(body))?.[1] ?? '';
    await using stream = await openAt(name);
    const event = await stream.next();
    expect(event?.data).toContain('https://example.com/a.mp4');
    expect(event?.data).not.toContain('secret');
    await server.move(name, { phase: 'Cancelled' });
  });

  it('serves many clients of one job and frees their resources when they leave', async () => {
    const name = await made();
    let closed = 0;
    server.app.server.on('connection', (socket) => socket.once('close', () => (closed += 1)));
    const streams = await Promise.all(Array.from({ length: 30 }, () => openAt(name)));
    for (const stream of streams) expect((await stream.next())?.event).toBe('job');
    for (const stream of streams) await stream[Symbol.asyncDispose]();
    await expect.poll(() => closed).toBeGreaterThanOrEqual(29);
    await server.move(name, { phase: 'Cancelled' });
  });
});

describe('GET /apis/render-jobs/:id/logs', () => {
  it('has the log of the current attempt, or of the requested one', async () => {
    const name = await made();
    const job = await server.move(name, { phase: 'Running', attempt: 2 });
    runs = [aRun('failed', { job, attempt: 1 }), aRun('running', { job, attempt: 2 })];
    const log = await client.get(`/apis/render-jobs/${name}/logs`);
    expect([log.headers.get('content-type'), log.text]).toEqual(['application/x-ndjson', '{"attempt":2}\n']);
    expect((await client.get(`/apis/render-jobs/${name}/logs?attempt=1`)).text).toBe('{"attempt":1}\n');
    expect(await client.get(`/apis/render-jobs/${name}/logs?attempt=9`)).toMatchObject({ status: 200, text: '' });
  });

  it('waits with follow for an attempt to start, and ends with a job that never started', async () => {
    const name = await made();
    runs = [];
    const waiting = client.get(`/apis/render-jobs/${name}/logs?follow`);
    await server.move(name, { phase: 'Cancelled' });
    expect(await waiting).toMatchObject({ status: 200, text: '' });
  });

  it('rejects an unknown query parameter', async () => {
    const name = await made();
    expect(await client.get(`/apis/render-jobs/${name}/logs?tail=5`)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST' },
    });
  });
});

describe('closing the server', () => {
  it('ends event streams, sync requests, followed logs and stalled downloads', async () => {
    const job = await made();
    const abort = new AbortController();
    const own = await ApiServer.start({
      services: {
        runner: {
          observe: async () => [aRun('running')],
          async *logs(_identity, { signal }) {
            yield Buffer.from('{}\n');
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
          },
        },
      },
    });
    const me = await own.client('ann', 'admin');
    await own.publish('big.mp4', new Uint8Array(30_000_000));
    const waiting = me.post('/api/mute', { videoUrl: '/assets/big.mp4', delivery: 'sync' });
    const name = await me.make('mute', { videoUrl: '/assets/big.mp4' });
    const headers = { 'x-api-key': me.key };
    const events = await fetch(`${own.url}/apis/render-jobs/${name}/events`, { headers });
    const logs = await fetch(`${own.url}/apis/render-jobs/${name}/logs?follow`, { headers });
    // No client reads this one, so the server cannot write it to its end.
    const download = await fetch(`${own.url}/assets/big.mp4`, { signal: abort.signal });
    const disposed = own[Symbol.asyncDispose]();
    expect((await waiting).status).toBe(202);
    expect(await events.text()).toContain('event: job');
    expect(await logs.text()).toBe('{}\n');
    await disposed;
    expect(download.status).toBe(200);
    abort.abort();
    await server.move(job, { phase: 'Cancelled' });
  });
});
