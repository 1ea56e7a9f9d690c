import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultApiOptions } from '../../../src/api/services.ts';
import { ApiServer, type Client } from '../../support/api-server.ts';
import { anyNumber, anyText, containing } from '../../support/matchers.ts';

let server: ApiServer;
let client: Client;

const fileBytes = 300_000;
const subtitleBytes = 10_000;

beforeAll(async () => {
  server = await ApiServer.start({
    options: { limits: { ...defaultApiOptions.limits, fileBytes, subtitleBytes } },
  });
  client = await server.client('ann');
});
afterAll(async () => server[Symbol.asyncDispose]());

function form(
  filename: string,
  content: Uint8Array<ArrayBuffer> | string,
  type = 'application/octet-stream',
): FormData {
  const data = new FormData();
  data.set('file', new File([content], filename, { type }));
  return data;
}

const upload = (filename: string, content: Uint8Array<ArrayBuffer> | string, type?: string) =>
  client.send('POST', '/api/assets', { body: form(filename, content, type) });

/** Sends a body piece by piece, as announced or chunked; answers the reply, or undefined when the client broke off. */
async function stream(
  path: string,
  headers: Record<string, string | number>,
  pieces: readonly string[],
  breakOff = false,
): Promise<{ status: number; text: string } | undefined> {
  const sent = httpRequest(server.url + path, { method: 'POST', headers: { 'x-api-key': client.key, ...headers } });
  const reply = Promise.withResolvers<{ status: number; text: string }>();
  sent.on('error', reply.reject);
  sent.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => reply.resolve({ status: response.statusCode ?? 0, text }));
  });
  for (const piece of pieces) {
    if (!sent.write(piece)) await Promise.race([once(sent, 'drain'), reply.promise]);
  }
  if (breakOff) {
    reply.promise.catch(() => undefined);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    sent.destroy();
    return undefined;
  }
  sent.end();
  return reply.promise;
}

describe('POST /api/assets stores', () => {
  const content = 'not really a video';
  const sha256 = createHash('sha256').update(content).digest('hex');

  it('a multipart file and answers 201 with its URL', async () => {
    const { status, body, headers } = await upload('My clip.MP4', content);
    expect(status).toBe(201);
    const id = String(body['id']);
    expect(body).toStrictEqual({
      id,
      url: `${server.url}/assets/${id}`,
      filename: 'My clip.MP4',
      mediaType: 'video/mp4',
      bytes: content.length,
      sha256,
      createdAt: anyNumber,
    });
    expect(id).toMatch(/^[0-9a-f-]{36}\.mp4$/);
    expect(headers.get('location')).toBe(`/api/assets/${id}`);
    expect(await (await fetch(String(body['url']))).text()).toBe(content);
  });

  it.each([
    [
      'its name in the query',
      '?filename=a.webm',
      { 'content-type': 'application/octet-stream' },
      'a.webm',
      'video/webm',
    ],
    [
      'its name in Content-Disposition',
      '',
      { 'content-disposition': 'attachment; filename="b.mov"' },
      'b.mov',
      'video/quicktime',
    ],
    [
      'an encoded name',
      '',
      { 'content-disposition': "attachment; filename*=UTF-8''%C3%A4.mp3" },
      'ä.mp3',
      'audio/mpeg',
    ],
    ['a type only', '', { 'content-type': 'video/mp4' }, 'file.mp4', 'video/mp4'],
    [
      'JSON-looking content',
      '?filename=c.srt',
      { 'content-type': 'application/json' },
      'c.srt',
      'application/x-subrip',
    ],
  ])('a raw body with %s', async (_name, query, headers, filename, mediaType) => {
    const { status, body } = await client.send('POST', `/api/assets${query}`, { body: Buffer.from(content), headers });
    expect(status).toBe(201);
    expect(body).toMatchObject({ filename, mediaType, sha256 });
  });

  it('two files of one name side by side', async () => {
    const [one, two] = await Promise.all([upload('same.mp4', 'one'), upload('same.mp4', 'two')]);
    expect(await (await fetch(String(one.body['url']))).text()).toBe('one');
    expect(await (await fetch(String(two.body['url']))).text()).toBe('two');
  });

  it.each([
    ['../../etc/passwd.mp4', 'passwd.mp4'],
    ['..\\..\\boot.mp4', 'boot.mp4'],
    ['a\u0000b\u202e.mp4', 'ab.mp4'],
    [`${'x'.repeat(500)}.mp4`, `${'x'.repeat(196)}.mp4`],
    ['"; rm -rf ~; ".mp4', '"; rm -rf ~; ".mp4'],
    ['<img src=x onerror=alert(1)>.mp4', '<img src=x onerror=alert(1)>.mp4'],
  ])('a file with the hostile name %j under a safe name', async (filename, kept) => {
    const { status, body } = await client.send('POST', `/api/assets?filename=${encodeURIComponent(filename)}`, {
      body: 'x',
    });
    expect(status).toBe(201);
    expect(body['filename']).toBe(kept);
    const reply = await fetch(String(body['url']));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-disposition')).toMatch(
      /^inline; filename="[^"\r\n]*"; filename\*=UTF-8''[\w%.~!#$&+^`|-]*$/,
    );
  });

  it('one of two simultaneous uploads with one Idempotency-Key; the other gets Retry-After, then the same', async () => {
    const headers = { 'idempotency-key': 'upload-2' };
    const path = '/api/assets?filename=a.mp4';
    const before = await server.files();
    const slow = httpRequest(server.url + path, { method: 'POST', headers: { 'x-api-key': client.key, ...headers } });
    const answer = Promise.withResolvers<IncomingMessage>();
    slow.on('response', answer.resolve).on('error', answer.reject);
    slow.write('con');
    await expect.poll(async () => (await server.files()).length).toBeGreaterThan(before.length);

    const winner = await client.send('POST', path, { body: 'content', headers });
    expect(winner.status).toBe(201);
    slow.end('tent');
    expect(await answer.promise).toMatchObject({ statusCode: 409, headers: { 'retry-after': '1' } });

    const again = await client.send('POST', path, { body: 'content', headers });
    expect([again.status, again.body]).toEqual([201, winner.body]);
    expect(await server.files()).toHaveLength(before.length + 1);
  });

  it('a file once for one Idempotency-Key, and answers 422 to other content', async () => {
    const headers = { 'idempotency-key': 'upload-1' };
    const send = (text: string) => client.send('POST', '/api/assets?filename=a.mp4', { body: text, headers });
    const first = await send('content');
    const again = await send('content');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(await send('other content')).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  });
});

describe('POST /api/assets rejects, and stores nothing of,', () => {
  const listed = async () => [await server.files(), (await client.get('/api/assets?limit=500')).body['assets']];

  it.each([
    [
      'an empty raw body',
      400,
      'INVALID_REQUEST',
      () => client.send('POST', '/api/assets?filename=a.mp4', { body: '' }),
    ],
    ['an empty multipart file', 400, 'INVALID_REQUEST', () => upload('a.mp4', '')],
    [
      'a form without a file',
      400,
      'INVALID_REQUEST',
      () => client.send('POST', '/api/assets', { body: new FormData() }),
    ],
    ['a page', 415, 'UNSUPPORTED_MEDIA_TYPE', () => upload('page.html', '<script>', 'text/html')],
    [
      'an image that can contain scripts',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      () => upload('a.svg', '<svg>', 'image/svg+xml'),
    ],
    [
      'a page that claims to be a video by its type',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      () => upload('page.html', '<script>', 'video/mp4'),
    ],
    [
      'a body without name and type',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      () => client.send('POST', '/api/assets', { body: Buffer.from('x') }),
    ],
    ['a file above the limit', 413, 'FILE_TOO_LARGE', () => upload('a.mp4', new Uint8Array(fileBytes + 1))],
    [
      'a subtitle file above its own limit',
      413,
      'FILE_TOO_LARGE',
      () => upload('a.srt', new Uint8Array(subtitleBytes + 1)),
    ],
    [
      'an unknown query parameter',
      400,
      'INVALID_REQUEST',
      () => client.send('POST', '/api/assets?name=a.mp4', { body: 'x' }),
    ],
  ])('%s', async (_name, status, code, send) => {
    const before = await listed();
    expect(await send()).toMatchObject({ status, body: { statusCode: status, code } });
    expect(await listed()).toEqual(before);
  });

  // Repeated: the rejection occurs while the first file is being opened, or later.
  it('two files in one form', { repeats: 100 }, async () => {
    const before = await listed();
    const data = form('a.mp4', 'one');
    data.append('file', new File(['two'], 'b.mp4'));
    expect((await client.send('POST', '/api/assets', { body: data })).status).toBeGreaterThanOrEqual(400);
    expect(await listed()).toEqual(before);
  });

  it('a raw body whose announced length is too large, before it is sent', async () => {
    const before = await listed();
    const sent = httpRequest(`${server.url}/api/assets?filename=a.mp4`, {
      method: 'POST',
      headers: { 'x-api-key': client.key, 'content-length': fileBytes + 1 },
    });
    sent.flushHeaders();
    const answered: unknown[] = await once(sent, 'response');
    expect(answered).toMatchObject([{ statusCode: 413 }]);
    sent.destroy();
    expect(await listed()).toEqual(before);
  });

  it('a chunked raw body that turns out too large', async () => {
    const before = await listed();
    const pieces = Array<string>(8).fill('x'.repeat(65_536));
    const reply = await stream('/api/assets?filename=a.mp4', { 'transfer-encoding': 'chunked' }, pieces);
    expect(reply).toMatchObject({ status: 413, text: containing('FILE_TOO_LARGE') });
    expect(await listed()).toEqual(before);
  });

  it('an incomplete upload, raw or multipart', async () => {
    const before = await listed();
    await stream('/api/assets?filename=a.mp4', { 'content-length': 100_000 }, ['x'.repeat(50_000)], true);
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n';
    const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': 100_000 };
    await stream('/api/assets', headers, [`${head}${'x'.repeat(50_000)}`], true);
    await expect.poll(listed).toEqual(before);
  });

  it('an upload without a key', async () => {
    const reply = await fetch(`${server.url}/api/assets`, { method: 'POST', body: form('a.mp4', 'x') });
    expect(reply.status).toBe(401);
  });
});

describe('GET and DELETE /api/assets', () => {
  it('list the own files, newest first, in pages', async () => {
    const bob = await server.client('bob');
    const ids: unknown[] = [];
    for (const name of ['a.mp4', 'b.mp4', 'c.mp4']) {
      ids.unshift((await bob.send('POST', `/api/assets?filename=${name}`, { body: name })).body['id']);
    }
    const first = await bob.get('/api/assets?limit=2');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await bob.get(next);
    expect([...[first.body['assets']].flat(), ...[second.body['assets']].flat()]).toMatchObject(
      ids.map((id) => ({ id })),
    );
    expect(second.headers.get('link')).toBeNull();
  });

  it('delete an own file with its bytes; 404 when repeated', async () => {
    const { body } = await upload('gone.mp4', 'x');
    expect((await client.send('DELETE', `/api/assets/${String(body['id'])}`)).status).toBe(204);
    expect((await fetch(String(body['url']))).status).toBe(404);
    expect((await client.send('DELETE', `/api/assets/${String(body['id'])}`)).body).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('keep a file that a job still needs, and name the job, until it has ended', async () => {
    const { body } = await upload('needed.mp4', 'x');
    const path = `/api/assets/${String(body['id'])}`;
    await server.publish('other.mp4');
    const jobs = [
      await client.make('mute', { videoUrl: String(body['url']) }),
      await client.make('merge', { videoUrls: ['/assets/other.mp4', `/assets/${String(body['id'])}`] }),
    ];
    await server.move(jobs[1] ?? '', { phase: 'Running' });
    const rejected = await client.send('DELETE', path);
    expect(rejected).toMatchObject({ status: 409, body: { statusCode: 409, code: 'CONFLICT' } });
    for (const name of jobs) expect(String(rejected.body['message'])).toContain(name);
    expect((await fetch(String(body['url']))).status).toBe(200);

    await server.move(jobs[0] ?? '', { phase: 'Cancelled' });
    expect(String((await client.send('DELETE', path)).body['message'])).toBe(
      `Expected a file that no unfinished job needs, got one that one needs: ${jobs[1]}.`,
    );
    await server.move(jobs[1] ?? '', { phase: 'Succeeded' });
    expect((await client.send('DELETE', path)).status).toBe(204);
  });

  it('keep a file that a job of another owner needs, without naming it', async () => {
    const { body } = await upload('shared.mp4', 'x');
    const bob = await server.client('bob');
    const name = await bob.make('mute', { videoUrl: String(body['url']) });
    const rejected = await client.send('DELETE', `/api/assets/${String(body['id'])}`);
    expect(rejected.status).toBe(409);
    expect(rejected.text).not.toContain(name);
    expect(String(rejected.body['message'])).toContain('1 of others');
  });

  it('answer 403 for the file of another owner, 404 in another namespace, and let a team owner delete it', async () => {
    const { body } = await upload('mine.mp4', 'x');
    const path = `/api/assets/${String(body['id'])}`;
    expect(await (await server.client('bob')).send('DELETE', path)).toMatchObject({
      status: 403,
      body: { statusCode: 403, code: 'FORBIDDEN' },
    });
    expect((await (await server.client('bob', 'user', 'other')).send('DELETE', path)).status).toBe(404);
    expect((await fetch(String(body['url']))).status).toBe(200);
    expect((await (await server.client('eve', 'team-owner')).send('DELETE', path)).status).toBe(204);
  });
});

describe('GET /assets/:file', () => {
  const bytes = '0123456789';
  let url: string;
  beforeAll(async () => {
    url = await server.publish('range.mp4', bytes);
  });
  const get = async (headers: Record<string, string>, method = 'GET') => {
    const reply = await fetch(url, { method, headers });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };

  it('needs no key and has the media type, and headers that let nothing in the file run', async () => {
    const { status, headers, text } = await get({});
    expect([status, text]).toEqual([200, bytes]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '10',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': containing('sandbox'),
      'content-disposition': 'inline; filename="range.mp4"; filename*=UTF-8\'\'range.mp4',
    });
  });

  it.each([
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-100', 206, bytes, 'bytes 0-9/10'],
    ['bytes=5-100', 206, '56789', 'bytes 5-9/10'],
    ['bytes=4-2', 200, bytes, null],
    ['bytes=0-1,3-4', 200, bytes, null],
    ['bytes=a-b', 200, bytes, null],
    ['items=0-1', 200, bytes, null],
    ['bytes=-', 200, bytes, null],
  ])('answers Range: %s with %i %s', async (range, status, text, contentRange) => {
    const reply = await get({ range });
    expect([reply.status, reply.text, reply.headers.get('content-range')]).toEqual([status, text, contentRange]);
    expect(reply.headers.get('content-length')).toBe(String(text.length));
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=999999999999-'])(
    'answers 416 with the size to Range: %s',
    async (range) => {
      const reply = await get({ range });
      expect(reply.status).toBe(416);
      expect(reply.headers.get('content-range')).toBe('bytes */10');
      expect(JSON.parse(reply.text)).toMatchObject({ statusCode: 416, code: 'RANGE_NOT_SATISFIABLE' });
    },
  );

  it('answers 304 to a client that has the file, and a range only of the same file', async () => {
    const etag = (await get({})).headers.get('etag') ?? '';
    const modified = (await get({})).headers.get('last-modified') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/);
    expect(await get({ 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
    expect(await get({ 'if-none-match': `"other", W/${etag}` })).toMatchObject({ status: 304 });
    expect(await get({ 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
    expect(await get({ 'if-modified-since': modified })).toMatchObject({ status: 304 });
    expect(await get({ range: 'bytes=0-1', 'if-range': etag })).toMatchObject({ status: 206 });
    expect(await get({ range: 'bytes=0-1', 'if-range': modified })).toMatchObject({ status: 206 });
    expect(await get({ range: 'bytes=0-1', 'if-range': '"other"' })).toMatchObject({ status: 200, text: bytes });
  });

  it('answers HEAD with the headers alone', async () => {
    const { status, headers, text } = await get({ range: 'bytes=0-1' }, 'HEAD');
    expect([status, text, headers.get('content-length'), headers.get('content-type')]).toEqual([
      200,
      '',
      '10',
      'video/mp4',
    ]);
  });

  it('lets browsers save a file with ?download', async () => {
    const reply = await fetch(`${url}?download`);
    expect(reply.headers.get('content-disposition')).toMatch(/^attachment; /);
    await reply.text();
  });

  it('finds published files only', async () => {
    await server.publish('reports/x-1.json', '{}');
    for (const path of [
      'reports/x-1.json',
      'reports%2Fx-1.json',
      '..%2fframewright.db',
      '%2e%2e%2fframewright.db',
      '.uploads',
      'x%00.mp4',
      '%ff',
      'missing.mp4',
      `${'a'.repeat(400)}.mp4`,
    ]) {
      const reply = await fetch(`${server.url}/assets/${path}`);
      expect([path, reply.status === 404 || reply.status === 400]).toEqual([path, true]);
      expect(await reply.json()).toMatchObject({ statusCode: reply.status, code: anyText, message: anyText });
    }
  });
});
