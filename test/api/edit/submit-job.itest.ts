import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, type Client } from '../../support/api-server.ts';
import { containing } from '../../support/matchers.ts';

let server: ApiServer;
let client: Client;
let clip: string;
let owners = 0;

beforeAll(async () => {
  server = await ApiServer.start({ options: { syncWaitSeconds: 2 } });
  client = await server.client('ann');
  clip = await server.publish('clip.mp4');
  await server.publish('audio.mp3');
  await server.publish('text.srt');
});
afterAll(async () => server[Symbol.asyncDispose]());

/** A client of an owner without jobs. */
const fresh = () => server.client(`owner-${(owners += 1)}`);

describe('POST /api/<operation> answers 202 with id, status and Location, and creates a job with', () => {
  const v1 = { name: 'v1', asset: 'clip.mp4' };
  it.each([
    ['trim', { start: 1, end: 2.5, precise: false }, [v1], { trim: { start: 1, end: 2.5, precise: false } }],
    ['mute', { ranges: [{ start: 0, end: 1 }] }, [v1], { mute: { ranges: [{ start: 0, end: 1 }] } }],
    ['mute', {}, [v1], { mute: {} }],
    [
      'add-audio',
      { audioUrl: '/assets/audio.mp3', mode: 'mix', volume: 0.5, loop: true, fadeIn: 1, fadeOut: 2 },
      [v1, { name: 'audio', asset: 'audio.mp3' }],
      { addAudio: { input: 'audio', mode: 'mix', volume: 0.5, loop: true, fadeIn: 1, fadeOut: 2 } },
    ],
    [
      'subtitle',
      { subtitleUrl: '/assets/text.srt', mode: 'soft', language: 'de' },
      [v1, { name: 'subtitle', asset: 'text.srt' }],
      { subtitle: { input: 'subtitle', mode: 'soft', language: 'de' } },
    ],
    [
      'subtitle',
      { captions: [{ id: '1', from: 0, to: 2000, text: 'First' }], mode: 'burn' },
      [v1],
      { subtitle: { captions: [{ id: '1', from: 0, to: 2000, text: 'First' }], mode: 'burn' } },
    ],
    [
      'blur',
      { regions: [{ x: 1, y: 2, width: 30, height: 40, start: 0, end: 1, strength: 50, shape: 'ellipse' }] },
      [v1],
      { blur: { regions: [{ x: 1, y: 2, width: 30, height: 40, start: 0, end: 1, strength: 50, shape: 'ellipse' }] } },
    ],
    [
      'speed-ramp',
      { segments: [{ start: 0, end: 1, speed: 0.5 }], audio: 'pitch' },
      [v1],
      { speedRamp: { segments: [{ start: 0, end: 1, speed: 0.5 }], audio: 'pitch' } },
    ],
  ])('%s %j', async (operation, body, inputs, expected) => {
    const reply = await (await fresh()).post(`/api/${operation}`, { videoUrl: clip, ...body });
    expect(reply.status).toBe(202);
    const jobId = String(reply.body['jobId']);
    expect(reply.body).toEqual({ jobId, status: 'queued' });
    expect(reply.headers.get('location')).toBe(`/api/jobs/${jobId}`);
    expect(jobId).toMatch(new RegExp(`^${operation}-\\d{13}-[a-z2-7]{10}$`));
    expect((await server.job(jobId)).spec).toStrictEqual({ inputs, operations: [expected] });
  });

  it('merge: inputs in order, a transition, output, acceleration and priority', async () => {
    const me = await fresh();
    const jobId = await me.make('merge', {
      videoUrls: [clip, 'https://example.com/b.mp4?signature=1', '/assets/clip.mp4'],
      transition: { type: 'fade', duration: 0.5 },
      output: { container: 'webm' },
      acceleration: 'disabled',
      priority: 5,
      delivery: 'async',
    });
    const job = await server.job(jobId);
    expect(job.spec).toStrictEqual({
      inputs: [
        { name: 'v1', asset: 'clip.mp4' },
        { name: 'v2', url: 'https://example.com/b.mp4?signature=1' },
        { name: 'v3', asset: 'clip.mp4' },
      ],
      operations: [{ merge: { append: ['v2', 'v3'], transition: { type: 'fade', duration: 0.5 } } }],
      output: { container: 'webm' },
      acceleration: 'Disabled',
      priority: 5,
    });
    expect(job.metadata.labels).toMatchObject({ 'framewright.dev/type': 'merge' });
    expect(job.metadata.annotations).toMatchObject({ 'framewright.dev/shape': 'edit' });
  });

  it('captions in a file of the caller when a job cannot hold them', async () => {
    const me = await fresh();
    const captions = Array.from({ length: 2000 }, (_, index) => ({
      from: index * 1000,
      to: index * 1000 + 900,
      text: `Caption <b>${index}</b>\n\n& more`,
    }));
    const jobId = await me.make('subtitle', { videoUrl: clip, captions, mode: 'burn' });
    const { spec } = await server.job(jobId);
    const asset = spec.inputs[1]?.asset ?? '';
    expect(spec).toStrictEqual({
      inputs: [v1, { name: 'subtitle', asset }],
      operations: [{ subtitle: { input: 'subtitle', mode: 'burn' } }],
    });
    const file = await (await fetch(`${server.url}/assets/${asset}`)).text();
    expect(file.split('\n\n')).toHaveLength(2001);
    expect(file).toContain('00:33:19.000 --> 00:33:19.900\nCaption &lt;b&gt;1999&lt;/b&gt;\n\u00a0\n&amp; more');
    expect((await me.get('/api/assets')).body['assets']).toMatchObject([
      { id: asset, filename: 'captions.vtt', mediaType: 'text/vtt' },
    ]);
  });
});

describe('a request is rejected with 400 INVALID_REQUEST that names every failing field:', () => {
  it.each([
    ['trim', {}, ['videoUrl', 'start', 'end']],
    ['trim', { videoUrl: '', start: -1, end: 'x' }, ['videoUrl', 'start', 'end']],
    ['trim', { videoUrl: '/assets/clip.mp4', start: 1, end: 2, strat: 1, '<script>': 1 }, ['strat', '<script>']],
    ['trim', { videoUrl: 'file:///etc/passwd', start: 1, end: 2 }, ['videoUrl']],
    ['trim', { videoUrl: '/etc/passwd', start: 1, end: 2 }, ['videoUrl']],
    ['trim', { videoUrl: '/assets/../framewright.db', start: 1, end: 2 }, ['videoUrl']],
    ['merge', { videoUrls: ['/assets/clip.mp4'] }, ['videoUrls']],
    ['merge', { videoUrls: Array(51).fill('/assets/clip.mp4') }, ['videoUrls']],
    ['merge', { videoUrls: ['/assets/clip.mp4', 7] }, ['videoUrls[1]']],
    ['mute', { videoUrl: '/assets/clip.mp4', ranges: [{ start: 2, end: 1 }] }, ['ranges[0].end']],
    ['add-audio', { videoUrl: '/assets/clip.mp4', audioUrl: '/assets/audio.mp3', mode: 'loud' }, ['mode']],
    ['subtitle', { videoUrl: '/assets/clip.mp4' }, ['subtitleUrl']],
    [
      'blur',
      { videoUrl: '/assets/clip.mp4', regions: [{ x: 0, y: 0, width: 0, height: 1, blurr: 1 }] },
      ['regions[0].width', 'regions[0].blurr'],
    ],
    [
      'speed-ramp',
      { videoUrl: '/assets/clip.mp4', segments: [{ start: 0, end: 1, speed: 17 }] },
      ['segments[0].speed'],
    ],
    [
      'mute',
      { videoUrl: '/assets/clip.mp4', output: { video: { codec: 'mpeg1', size: 1 } } },
      ['output.video.codec', 'output.video.size'],
    ],
    ['mute', { videoUrl: '/assets/clip.mp4', delivery: 'later', priority: 1e9 }, ['delivery', 'priority']],
    ['mute', [], ['body']],
    ['mute', 'text', ['body']],
    ['mute', null, ['body']],
  ])('%s %j', async (operation, body, paths) => {
    const reply = await client.post(`/api/${operation}`, body);
    expect(reply).toMatchObject({ status: 400, body: { statusCode: 400, code: 'INVALID_REQUEST' } });
    const details = JSON.stringify(reply.body['details']);
    for (const path of paths) {
      expect(details).toContain(JSON.stringify(path));
      expect(reply.body['message']).toContain(path);
    }
  });

  it('and a body with very many failing fields gets a reply of bounded size', async () => {
    const reply = await client.post('/api/merge', { videoUrls: Array(200_000).fill(1) });
    expect(reply.status).toBe(400);
    expect(reply.text.length).toBeLessThan(50_000);
  });
});

describe('a request is rejected when', () => {
  it('a source does not exist, has a private address or is on the server itself', async () => {
    const missing = await client.post('/api/mute', { videoUrl: `${server.url}/assets/missing.mp4` });
    expect(missing).toMatchObject({
      status: 400,
      body: { code: 'SOURCE_NOT_FOUND', details: [{ path: 'videoUrl', message: 'no such file' }] },
    });
    for (const url of [
      'http://169.254.169.254/latest/meta-data',
      'http://127.0.0.1:1/x.mp4',
      'http://[::1]/x.mp4',
      'http://user:hunter2@example.com/x.mp4',
    ]) {
      const reply = await client.post('/api/mute', { videoUrl: url });
      expect(reply).toMatchObject({ status: 400, body: { statusCode: 400, code: 'CDN_URL_NOT_ALLOWED' } });
      expect(reply.text).not.toContain('hunter2');
    }
  });

  it.each([
    ['webhook', { webhook: 'https://example.com/hook' }],
    ['webhook', { webhook: { url: 'https://example.com/hook' } }],
    ['output.destination.s3', { output: { destination: { s3: { bucket: 'bucket' } } } }],
  ])('it has %s, which is not supported: 501 names the field', async (field, body) => {
    const reply = await client.post('/api/mute', { videoUrl: clip, ...body });
    expect(reply).toMatchObject({ status: 501, body: { statusCode: 501, code: 'UNSUPPORTED' } });
    expect(reply.body['message']).toContain(field);
  });

  it.each([
    'GET /api/templates',
    'POST /api/templates',
    'GET /api/templates/x',
    'POST /api/render',
    'POST /api/transcribe',
    'POST /api/uploads',
    'PATCH /api/uploads/x',
  ])('%s is not supported yet: 501 in the documented envelope', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    const reply = await client.send(method, path, method === 'GET' ? {} : { json: { any: 'thing' } });
    expect(reply).toMatchObject({
      status: 501,
      body: { statusCode: 501, code: 'UNSUPPORTED', message: containing('does not support') },
    });
  });
});

describe('the limit of unfinished jobs', () => {
  it('holds under 100 simultaneous requests: 20 pass, the others get 409 with Retry-After', async () => {
    const me = await fresh();
    const replies = await Promise.all(Array.from({ length: 100 }, () => me.post('/api/mute', { videoUrl: clip })));
    const accepted = replies.filter(({ status }) => status === 202);
    const rejected = replies.filter(({ status }) => status === 409);
    expect([accepted.length, rejected.length]).toEqual([20, 80]);
    for (const { body, headers } of rejected) {
      expect(body).toMatchObject({ statusCode: 409, code: 'QUEUE_DEPTH_EXCEEDED' });
      expect(headers.get('retry-after')).toBe('10');
    }
    const [first] = accepted;
    await server.move(String(first?.body['jobId']), { phase: 'Succeeded', result: { outputs: [] } });
    expect((await me.post('/api/mute', { videoUrl: clip })).status).toBe(202);
  });
});

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'order-66' };

  it('gives one job for 20 simultaneous requests, and the same one later', async () => {
    const me = await fresh();
    const replies = await Promise.all(Array.from({ length: 20 }, () => me.post('/api/mute', { videoUrl: clip }, key)));
    const ids = new Set(replies.map(({ body }) => body['jobId']));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    expect(ids.size).toBe(1);
    const [jobId] = [...ids].map(String);
    await server.move(jobId ?? '', { phase: 'Running' });
    expect(await me.post('/api/mute', { videoUrl: clip }, key)).toMatchObject({
      status: 202,
      body: { jobId, status: 'active' },
    });
  });

  it('with another body or operation is answered 422', async () => {
    const me = await fresh();
    await me.post('/api/mute', { videoUrl: clip }, key);
    for (const [operation, body] of [
      ['mute', { videoUrl: clip, priority: 1 }],
      ['trim', { videoUrl: clip, start: 0, end: 1 }],
    ] as const) {
      const reply = await me.post(`/api/${operation}`, body, key);
      expect(reply).toMatchObject({ status: 422, body: { statusCode: 422, code: 'IDEMPOTENCY_MISMATCH' } });
    }
  });

  it('of one owner is independent of that of another', async () => {
    const [one, two] = [await fresh(), await fresh()];
    const first = await one.post('/api/mute', { videoUrl: clip }, key);
    const second = await two.post('/api/mute', { videoUrl: clip }, key);
    expect(second.status).toBe(202);
    expect(second.body['jobId']).not.toBe(first.body['jobId']);
  });

  it('leaves no second captions file when the request is repeated', async () => {
    const me = await fresh();
    const captions = Array.from({ length: 600 }, (_, index) => ({ from: index, to: index + 1, text: 'x' }));
    const body = { videoUrl: clip, captions };
    await Promise.all([
      me.post('/api/subtitle', body, key),
      me.post('/api/subtitle', body, key),
      me.post('/api/subtitle', body, key),
    ]);
    expect((await me.get('/api/assets')).body['assets']).toHaveLength(1);
  });

  it.each(['', 'a'.repeat(256), 'with space'])('of a wrong form (%j) is rejected', async (value) => {
    const reply = await client.post('/api/mute', { videoUrl: clip }, { 'idempotency-key': value });
    expect(reply).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });
});

describe('delivery sync', () => {
  it('answers 200 with the finished job as soon as it ends', async () => {
    const me = await fresh();
    const waiting = me.post('/api/mute', { videoUrl: clip, delivery: 'sync' });
    const jobId = await made(me);
    await server.move(jobId, {
      phase: 'Succeeded',
      finishedAt: new Date().toISOString(),
      result: { outputs: [{ name: 'main', kind: 'video', key: 'y.mp4', mediaType: 'video/mp4', bytes: 1 }] },
    });
    expect(await waiting).toMatchObject({
      status: 200,
      body: { jobId, status: 'done', outputUrl: `${server.url}/assets/y.mp4` },
    });
  });

  it('answers 202 with the current status at the time limit', async () => {
    const me = await fresh();
    const waiting = me.post('/api/mute', { videoUrl: clip, delivery: 'sync' });
    const jobId = await made(me);
    await server.move(jobId, { phase: 'Running' });
    const reply = await waiting;
    expect(reply).toMatchObject({ status: 202, body: { jobId, status: 'active' } });
    expect(reply.headers.get('location')).toBe(`/api/jobs/${jobId}`);
  });

  async function made(me: Client): Promise<string> {
    for (;;) {
      const jobs = [(await me.get('/api/jobs')).body['jobs']].flat();
      const [job] = jobs;
      if (typeof job === 'object' && job !== null && 'id' in job) return String(job.id);
    }
  }
});

describe('deprecated routes', () => {
  it('reply as the current ones do and announce their end', async () => {
    const me = await fresh();
    const reply = await me.post('/api/v1/trim', { videoUrl: clip, start: 0, end: 1 });
    expect(reply).toMatchObject({ status: 202, body: { status: 'queued' } });
    expect(reply.headers.get('deprecation')).toBe('true');
    expect(reply.headers.get('sunset')).toBe('Wed, 01 Jul 2026 00:00:00 GMT');
    expect(reply.headers.get('link')).toBe('</api/trim>; rel="successor-version"');
    const rejected = await me.post('/api/v1/merge', {});
    expect(rejected).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect(rejected.headers.get('deprecation')).toBe('true');
    expect((await me.get('/api/v1/templates')).status).toBe(501);
  });

  it('answer 404 when they are switched off', async () => {
    await using old = await ApiServer.start({ options: { deprecated: { enabled: false, sunset: '2026-07-01' } } });
    const reply = await (await old.client()).post('/api/v1/trim', {});
    expect(reply).toMatchObject({ status: 404, body: { statusCode: 404, code: 'NOT_FOUND' } });
  });
});
