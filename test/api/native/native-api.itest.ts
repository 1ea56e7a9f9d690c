import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, type Client } from '../../support/api-server.ts';
import { anyText } from '../../support/matchers.ts';
import { rejections, unreadableBodies } from './rejections.ts';

let server: ApiServer;
let client: Client;
let owners = 0;

beforeAll(async () => {
  server = await ApiServer.start({
    services: {
      plan: async () => ({
        backend: 'software',
        fallbacks: [{ from: 'qsv-full', cause: 'no-device', message: 'no Intel GPU' }],
        analyses: [],
        files: [],
        steps: [
          {
            name: 'render',
            argv: ['-i', 'a.mp4'],
            expectedSeconds: 1,
            weight: 1,
            placements: [{ what: 'mute', runsOn: 'copy', why: 'no frame changes' }],
          },
        ],
        outputs: [
          {
            name: 'main',
            kind: 'video',
            path: 'main.mp4',
            extension: 'mp4',
            mediaType: 'video/mp4',
            expect: { video: true, audio: false },
            contract: {},
          },
        ],
        duration: 1,
        estimate: { seconds: 0.5 },
        notes: [],
      }),
    },
  });
  client = await server.client('ann');
  await server.publish('clip.mp4');
});
afterAll(async () => server[Symbol.asyncDispose]());

const spec = { inputs: [{ name: 'main', asset: 'clip.mp4' }], operations: [{ mute: {} }] };
const manifest = (metadata: object = {}) => ({
  apiVersion: 'framewright.dev/v1alpha1',
  kind: 'RenderJob',
  metadata,
  spec,
});
const fresh = () => server.client(`native-${(owners += 1)}`);

async function made(me: Client, body: object = spec): Promise<string> {
  const reply = await me.post('/apis/render-jobs', body);
  expect([reply.status, reply.text]).toEqual([201, anyText]);
  return nameOf(reply.body);
}

function nameOf(body: unknown): string {
  const text = JSON.stringify(body);
  return /"metadata":\{"name":"([^"]+)"/.exec(text)?.[1] ?? text;
}

describe('POST /apis/render-jobs creates a job from', () => {
  it('a spec, and replies with the RenderJob and its first status', async () => {
    const reply = await (await fresh()).post('/apis/render-jobs', spec);
    const name = nameOf(reply.body);
    expect(name).toMatch(/^mute-\d{13}-[a-z2-7]{10}$/);
    expect(reply).toMatchObject({
      status: 201,
      body: {
        apiVersion: 'framewright.dev/v1alpha1',
        kind: 'RenderJob',
        metadata: {
          name,
          namespace: 'default',
          labels: { 'framewright.dev/type': 'mute' },
          annotations: { 'framewright.dev/shape': 'native' },
        },
        spec,
        status: { phase: 'Queued', reason: 'Accepted', attempt: 1, failures: 0, disruptions: 0 },
      },
    });
    expect(reply.headers.get('location')).toBe(`/apis/render-jobs/${name}`);
    expect((await server.job(name)).status).toBeUndefined();
  });

  it('a manifest with a name, labels and annotations, and rejects the name a second time', async () => {
    const me = await fresh();
    const body = manifest({ name: 'my-job', labels: { team: 'a' }, annotations: { note: 'b' } });
    expect(await me.post('/apis/render-jobs', body)).toMatchObject({
      status: 201,
      body: { metadata: { name: 'my-job', labels: { team: 'a' }, annotations: { note: 'b' } } },
    });
    expect(await me.post('/apis/render-jobs', body)).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT', remedy: anyText },
    });
  });

  it('generateName', async () => {
    expect(await made(await fresh(), manifest({ generateName: 'nightly-' }))).toMatch(/^nightly-[a-z2-7]{10}$/);
  });

  it.each(['application/yaml', 'text/yaml; charset=utf-8', 'application/x-yaml'])('YAML sent as %s', async (type) => {
    const body =
      'apiVersion: framewright.dev/v1alpha1\nkind: RenderJob\nspec:\n  inputs:\n    - name: main\n      asset: clip.mp4\n  operations:\n    - trim: {end: 1.5}\n';
    const reply = await (await fresh()).send('POST', '/apis/render-jobs', { body, headers: { 'content-type': type } });
    expect(reply).toMatchObject({ status: 201, body: { spec: { operations: [{ trim: { end: 1.5 } }] } } });
  });

  it('one idempotency key once: the second reply is 200, another body gets 422', async () => {
    const me = await fresh();
    const headers = { 'idempotency-key': 'k' };
    const replies = await Promise.all(Array.from({ length: 10 }, () => me.post('/apis/render-jobs', spec, headers)));
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([...Array<number>(9).fill(200), 201]);
    expect(new Set(replies.map(({ body }) => nameOf(body))).size).toBe(1);
    expect(await me.post('/apis/render-jobs', { ...spec, priority: 1 }, headers)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_MISMATCH' },
    });
  });
});

describe('POST /apis/render-jobs rejects, with a problem that names the field:', () => {
  it.each(rejections(manifest, spec))('%s', async (_name, body, status, code, path) => {
    const reply = await client.post('/apis/render-jobs', body);
    expect(reply).toMatchObject({ status, body: { status, code, title: anyText, detail: anyText, remedy: anyText } });
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(reply.body['requestId']).toBe(reply.headers.get('x-request-id'));
    expect(JSON.stringify(reply.body['details'])).toContain(JSON.stringify(path));
  });

  it.each(unreadableBodies)('%s', async (_name, body, type) => {
    const reply = await client.send('POST', '/apis/render-jobs', { body, headers: { 'content-type': type } });
    expect(reply).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  it('another namespace than that of the key, unless it is an admin key', async () => {
    const body = manifest({ namespace: 'elsewhere' });
    expect(await client.post('/apis/render-jobs', body)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    const root = await server.client('root', 'admin');
    const name = await made(root, body);
    expect((await root.get(`/apis/render-jobs/${name}`)).status).toBe(404);
    expect((await root.get(`/apis/render-jobs/${name}?namespace=elsewhere`)).status).toBe(200);
    expect((await client.get(`/apis/render-jobs/${name}?namespace=elsewhere`)).status).toBe(403);
  });
});

describe('GET /apis/render-jobs', () => {
  it('pages through the jobs by cursor and filters them', async () => {
    const me = await fresh();
    const names = [
      await made(me),
      await made(me, { ...spec, operations: [{ trim: { end: 1 } }] }),
      await made(me, manifest({ name: 'special-one' })),
    ];
    await server.move(names[0] ?? '', { phase: 'Running', attempts: [{ number: 1, node: 'box-7' }] });
    const list = async (query: string) => {
      const { body } = await me.get(`/apis/render-jobs?${query}`);
      return { names: [body['items']].flat().map((item) => nameOf(item)), cursor: body['cursor'] };
    };
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${String(first.cursor)}`);
    expect([...first.names, ...second.names]).toEqual(names.toReversed());
    expect(second.cursor).toBeUndefined();
    expect((await list('phase=Running')).names).toEqual([names[0]]);
    expect((await list('phase=Queued,Starting')).names).toEqual([names[2], names[1]]);
    expect((await list('type=trim')).names).toEqual([names[1]]);
    expect((await list('text=SPECIAL')).names).toEqual([names[2]]);
    expect((await list('node=box-7')).names).toEqual([names[0]]);
    expect((await list(`since=${Date.now() + 60_000}`)).names).toEqual([]);
    expect((await list('since=2020-01-01T00:00:00Z')).names).toHaveLength(3);
    expect((await list('owner=ann')).names).toEqual([]);
  });

  it.each(['limit=0', 'limit=501', 'limit=x', 'phase=Done', 'since=yesterday', 'cursor=%00', 'sort=name'])(
    'rejects the query %s with 400',
    async (query) => {
      expect(await client.get(`/apis/render-jobs?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_REQUEST' },
      });
    },
  );
});

describe('GET /apis/render-jobs/:id', () => {
  it('has live progress, URLs of outputs, and an ETag for polling', async () => {
    const me = await fresh();
    const name = await made(me);
    await server.move(name, { phase: 'Running' });
    await server.progress(name, 1, { percent: 30 });
    const running = await me.get(`/apis/render-jobs/${name}`);
    expect(running.body).toMatchObject({ status: { phase: 'Running', progress: { percent: 30 } } });
    expect(
      (await me.get(`/apis/render-jobs/${name}`, { 'if-none-match': running.headers.get('etag') ?? '' })).status,
    ).toBe(304);
    await server.move(name, {
      phase: 'Succeeded',
      result: { outputs: [{ name: 'main', kind: 'video', key: 'z.mp4', mediaType: 'video/mp4', bytes: 1 }] },
    });
    expect((await me.get(`/apis/render-jobs/${name}`)).body).toMatchObject({
      status: { result: { outputs: [{ url: `${server.url}/assets/z.mp4` }] } },
    });
  });

  it('hides the query of a source URL from others who may see the job', async () => {
    const me = await fresh();
    const name = await made(me, { inputs: [{ name: 'main', url: 'https://example.com/a.mp4?signature=secret' }] });
    expect((await me.get(`/apis/render-jobs/${name}`)).text).toContain('signature=secret');
    const boss = await server.client('boss', 'team-owner');
    expect((await boss.get(`/apis/render-jobs/${name}`)).body).toMatchObject({
      spec: { inputs: [{ url: 'https://example.com/a.mp4' }] },
    });
  });

  it('answers 404 for the job of another owner', async () => {
    const name = await made(await fresh());
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/cancel'],
      ['POST', '/retry'],
      ['GET', '/logs'],
      ['GET', '/events'],
    ] as const) {
      const reply = await client.send(
        method,
        `/apis/render-jobs/${name}${path}`,
        method === 'PATCH' ? { json: { priority: 1 } } : {},
      );
      expect([method, path, reply.status, reply.body['code']]).toEqual([method, path, 404, 'NOT_FOUND']);
    }
  });
});

describe('a job can be', () => {
  it('patched: priority, suspension, retention and labels, but nothing else', async () => {
    const me = await fresh();
    const name = await made(me, manifest({ labels: { old: 'x' } }));
    const patch = (json: unknown) => me.send('PATCH', `/apis/render-jobs/${name}`, { json });
    expect(
      await patch({ priority: 7, suspend: true, ttlSecondsAfterFinished: 60, labels: { team: 'b', old: null } }),
    ).toMatchObject({
      status: 200,
      body: { spec: { priority: 7, suspend: true, ttlSecondsAfterFinished: 60 }, metadata: { labels: { team: 'b' } } },
    });
    expect((await server.job(name)).metadata.labels).not.toHaveProperty('old');
    for (const wrong of [
      {},
      { priority: 101 },
      { inputs: [] },
      { labels: { 'framewright.dev/owner': 'x' } },
      { labels: { 'bad key': 'x' } },
      [],
    ]) {
      expect(await patch(wrong)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    }
  });

  it('patched by many clients in parallel without losing a change', async () => {
    const me = await fresh();
    const name = await made(me);
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        me.send('PATCH', `/apis/render-jobs/${name}`, { json: { labels: { [`l${n}`]: 'x' } } }),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(
      Object.keys((await server.job(name)).metadata.labels ?? {}).filter((key) => key.startsWith('l')),
    ).toHaveLength(8);
  });

  it('cancelled while it runs, again without effect, but not after it succeeded', async () => {
    const me = await fresh();
    const name = await made(me);
    await server.move(name, { phase: 'Running' });
    const cancel = () => me.send('POST', `/apis/render-jobs/${name}/cancel`);
    expect(await cancel()).toMatchObject({ status: 200, body: { spec: { cancelled: true } } });
    const { resourceVersion } = (await server.job(name)).metadata;
    expect((await cancel()).status).toBe(200);
    expect((await server.job(name)).metadata.resourceVersion).toBe(resourceVersion);
    await server.move(name, { phase: 'Succeeded' });
    expect(await cancel()).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
  });

  it('retried after it failed, as one new job however often the request is sent', async () => {
    const me = await fresh();
    const name = await made(me);
    const retry = (id = name) => me.send('POST', `/apis/render-jobs/${id}/retry`);
    expect(await retry()).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    await server.move(name, { phase: 'Failed' });
    const replies = await Promise.all([retry(), retry(), retry()]);
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 201]);
    expect(new Set(replies.map(({ body }) => nameOf(body)))).toEqual(new Set([`${name}-r1`]));
    expect(replies[0]?.body).toMatchObject({
      spec,
      metadata: { annotations: { 'framewright.dev/retry-of': name } },
      status: { phase: 'Queued' },
    });
    await server.move(`${name}-r1`, { phase: 'Cancelled' });
    expect((await retry(`${name}-r1`)).body).toMatchObject({ metadata: { name: `${name}-r2` } });
    await server.move(`${name}-r2`, { phase: 'Succeeded' });
    expect((await retry(`${name}-r2`)).status).toBe(409);
  });

  it('deleted: the Edit API does not show it any more, and it is stopped', async () => {
    const me = await fresh();
    const name = await made(me);
    const reply = await me.send('DELETE', `/apis/render-jobs/${name}`);
    expect(reply).toMatchObject({ status: 202, body: { metadata: { deletionTimestamp: anyText } } });
    expect((await me.get(`/api/jobs/${name}`)).status).toBe(404);
    expect((await me.get('/api/jobs')).body['jobs']).toEqual([]);
  });
});

describe('POST /apis/render-jobs:plan', () => {
  it('replies with the plan and creates no job', async () => {
    const me = await fresh();
    expect(await me.post('/apis/render-jobs:plan', spec)).toMatchObject({
      status: 200,
      body: { backend: 'software', steps: [{ argv: ['-i', 'a.mp4'] }] },
    });
    expect((await me.post('/apis/render-jobs:plan', manifest())).status).toBe(200);
    expect((await me.get('/apis/render-jobs')).body['items']).toEqual([]);
  });

  it('rejects what POST would reject', async () => {
    expect((await client.post('/apis/render-jobs:plan', { inputs: [] })).status).toBe(400);
    expect(
      (await client.post('/apis/render-jobs:plan', { inputs: [{ name: 'a', url: 'http://127.0.0.1/' }] })).body,
    ).toMatchObject({ code: 'SOURCE_HOST_NOT_ALLOWED' });
  });
});
