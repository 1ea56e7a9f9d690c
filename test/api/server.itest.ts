import { connect } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultApiOptions } from '../../src/api/services.ts';
import type { HealthFacts } from '../../src/observability/health.ts';
import { ApiServer, type Client } from '../support/api-server.ts';
import { anyNumber, anyText } from '../support/matchers.ts';

let server: ApiServer;
let client: Client;
let log = '';

beforeAll(async () => {
  const logger = pino({ level: 'trace' }, { write: (line: string) => (log += line) });
  server = await ApiServer.start({
    options: { logger },
    services: {
      plan: async () => {
        throw new TypeError('cannot open /var/lib/secret?token=hunter2 at https://example.com/x?signature=hunter3');
      },
    },
  });
  client = await server.client('ann');
  await server.publish('clip.mp4');
});
afterAll(async () => server[Symbol.asyncDispose]());

const health = async (facts: Partial<HealthFacts>) => {
  await using own = await ApiServer.start({ health: facts, options: { version: '1.2.3' } });
  const reply = await fetch(`${own.url}/health`);
  return { status: reply.status, body: await reply.json() };
};

describe('GET /health answers', () => {
  it('200 with the documented and the added members when everything works', async () => {
    expect(await health({})).toStrictEqual({
      status: 200,
      body: {
        status: 'ok',
        qsv: true,
        redis: true,
        workers: 4,
        queued: 2,
        uptime: 0,
        nats: null,
        kubernetes: null,
        version: '1.2.3',
      },
    });
  });

  it('200 without QSV where it is not expected', async () => {
    expect(await health({ qsv: false, qsvExpected: false })).toMatchObject({
      status: 200,
      body: { status: 'ok', qsv: false },
    });
  });

  it.each([
    [{ qsv: false }, { qsv: false, error: 'QSV hardware encoder unavailable' }],
    [{ storeOk: false }, { redis: false, error: 'Job store unavailable' }],
    [{ canRun: false }, { workers: 0, error: 'No render worker can run' }],
    [
      { nats: false, kubernetes: true },
      { nats: false, kubernetes: true, error: 'Progress bus unavailable' },
    ],
    [{ storeOk: false, qsv: false }, { error: 'Job store unavailable; QSV hardware encoder unavailable' }],
  ])('503 degraded with the reason when %j', async (facts, body) => {
    expect(await health(facts)).toMatchObject({ status: 503, body: { status: 'degraded', ...body } });
  });

  it('503 when the health check itself fails', async () => {
    await using own = await ApiServer.start({
      services: {
        health: async () => {
          throw new Error('no');
        },
      },
    });
    const reply = await fetch(`${own.url}/health`);
    expect([reply.status, await reply.json()]).toMatchObject([503, { status: 'degraded', redis: false, workers: 0 }]);
    expect((await fetch(`${own.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${own.url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${own.url}/metrics`)).text()).toContain(
      'framewright_http_request_duration_seconds_count',
    );
  });
});

describe('GET /metrics', () => {
  it('counts requests by route and jobs by phase, in the Prometheus text format', async () => {
    const jobId = await client.make('mute', { videoUrl: '/assets/clip.mp4' });
    await client.get(`/api/jobs/${jobId}`);
    const reply = await fetch(`${server.url}/metrics`);
    const text = await reply.text();
    expect(reply.headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(
      /^framewright_http_request_duration_seconds_count\{method="GET",route="\/api\/jobs\/:jobId",status="200"\} 1$/m,
    );
    expect(text).toMatch(/^framewright_jobs\{phase="Queued"\} 1$/m);
    expect(text).toMatch(/^framewright_workers\{state="busy"\} 2$/m);
    expect(text).not.toContain(jobId);
  });
});

describe('documentation', () => {
  it('/openapi.json is the OpenAPI document of this server', async () => {
    const reply = await fetch(`${server.url}/openapi.json`);
    expect(await reply.json()).toMatchObject({
      openapi: '3.1.0',
      paths: { '/api/trim': {}, '/apis/render-jobs:plan': {} },
    });
  });

  it('/docs is a page that loads no resources and runs no scripts', async () => {
    const reply = await fetch(`${server.url}/docs`);
    const page = await reply.text();
    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const text of ['/api/speed-ramp', '/apis/render-jobs/{id}/events', 'id="schema-RenderJobSpec"'])
      expect(page).toContain(text);
    expect(page).not.toMatch(/<(script|link|img|iframe)|\son\w+=|src=|url\(/i);
  });
});

describe('a key', () => {
  it.each([
    ['X-API-Key', (key: string) => ({ 'x-api-key': key }), 200],
    ['Authorization: Bearer', (key: string) => ({ authorization: `Bearer ${key}` }), 200],
    ['bearer in lower case', (key: string) => ({ authorization: `bearer ${key}` }), 200],
    ['no header', () => ({}), 401],
    ['an empty header', () => ({ 'x-api-key': '' }), 401],
    ['Basic', (key: string) => ({ authorization: `Basic ${key}` }), 401],
    ['a wrong secret', (key: string) => ({ 'x-api-key': key.slice(0, -2) + (key.endsWith('AA') ? 'BB' : 'AA') }), 401],
    ['an unknown id', (key: string) => ({ 'x-api-key': key.replace(/fwk_.{4}/, 'fwk_0000') }), 401],
    ['another prefix', (key: string) => ({ 'x-api-key': key.replace('fwk_', 'sk_') }), 401],
    ['SQL', () => ({ 'x-api-key': `fwk_' OR 1=1 --_${'A'.repeat(43)}` }), 401],
    ['a very long text', () => ({ 'x-api-key': 'f'.repeat(8000) }), 401],
  ])('in %s', async (_name, headers, status) => {
    const reply = await fetch(`${server.url}/api/jobs`, { headers: headers(client.key) });
    expect(reply.status).toBe(status);
    if (status === 401) {
      expect(reply.headers.get('www-authenticate')).toContain('Bearer');
      expect(await reply.json()).toStrictEqual({ statusCode: 401, code: 'UNAUTHORIZED', message: anyText });
    }
  });

  it('that was revoked is rejected', async () => {
    const other = await server.client('zoe');
    expect((await other.get('/api/jobs')).status).toBe(200);
    await server.keys.revoke(other.key.split('_')[1] ?? '', Date.now());
    expect((await other.get('/api/jobs')).status).toBe(401);
  });

  it.each([
    '/api/jobs',
    '/api/assets',
    '/api/templates',
    '/apis/render-jobs',
    '/apis/render-jobs/x/events',
    '/apis/render-jobs/x/logs',
  ])('is needed for %s', async (path) => {
    expect((await fetch(server.url + path)).status).toBe(401);
  });
});

describe('errors have the envelope of their API:', () => {
  const edit = { statusCode: anyNumber, code: anyText, message: anyText };

  it.each([
    ['GET', '/nothing', 404, 'NOT_FOUND'],
    ['GET', '/api/nothing', 404, 'NOT_FOUND'],
    ['GET', '/api/trim', 405, 'METHOD_NOT_ALLOWED'],
    ['PUT', '/health', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/api/jobs/%zz', 400, 'INVALID_REQUEST'],
  ])('%s %s is %i %s in the Edit API', async (method, path, status, code) => {
    const reply = await client.send(method, path);
    expect([reply.status, reply.body]).toStrictEqual([status, { ...edit, statusCode: status, code }]);
  });

  it.each([
    ['GET', '/apis/nothing', 404, 'NOT_FOUND'],
    ['PUT', '/apis/render-jobs', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/apis/render-jobs/%zz', 400, 'INVALID_REQUEST'],
  ])('%s %s is %i %s as a problem', async (method, path, status, code) => {
    const reply = await client.send(method, path);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect([reply.status, reply.body]).toMatchObject([status, { status, code, detail: anyText }]);
  });

  it('405 lists the allowed methods', async () => {
    expect((await client.send('DELETE', '/api/jobs')).headers.get('allow')).toBe('GET, HEAD');
  });

  it.each([
    ['text/plain', 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/x-www-form-urlencoded', 'a=1', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/json', '{"videoUrl"', 400, 'INVALID_REQUEST'],
    ['application/json', '', 400, 'INVALID_REQUEST'],
    ['application/json', `"${'x'.repeat(1_100_000)}"`, 413, 'FILE_TOO_LARGE'],
    ['application/json', '['.repeat(100_000), 400, 'INVALID_REQUEST'],
  ])('a body of type %s is rejected with %#', async (type, body, status, code) => {
    const reply = await client.send('POST', '/api/mute', { body, headers: { 'content-type': type } });
    expect([reply.status, reply.body]).toStrictEqual([status, { ...edit, statusCode: status, code }]);
  });

  it('a connection that does not send HTTP gets 400 and is closed', async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write('\u0000\u0001 nonsense\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    const [head = '', reply = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(JSON.parse(reply)).toStrictEqual({ statusCode: 400, code: 'INVALID_REQUEST', message: anyText });
  });

  it('headers that are too long are answered 400, an id that is too long 404', async () => {
    const reply = await client.get('/api/jobs', { 'x-long': 'x'.repeat(20_000) });
    expect(reply).toMatchObject({ status: 400, body: { statusCode: 400, code: 'INVALID_REQUEST' } });
    expect((await client.get(`/api/jobs/${'a'.repeat(5000)}`)).status).toBe(404);
  });

  it('a body that never ends is cut off', async () => {
    await using own = await ApiServer.start({ options: { limits: { ...defaultApiOptions.limits, bodySeconds: 0.2 } } });
    const key = await own.key();
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(own.url).port) });
    socket.write(`POST /api/mute HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\n`);
    socket.write('Content-Length: 100\r\n\r\n{');
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
    expect(socket.destroyed).toBe(true);
  });

  it('an unexpected failure has only the request id, under which the log has the error', async () => {
    const reply = await client.post('/apis/render-jobs:plan', { inputs: [{ name: 'a', asset: 'clip.mp4' }] });
    expect(reply).toMatchObject({ status: 500, body: { code: 'INTERNAL_ERROR' } });
    expect(reply.text).not.toMatch(/secret|hunter|TypeError/);
    const id = String(reply.headers.get('x-request-id'));
    expect(log.split('\n').filter((line) => line.includes(id) && line.includes('cannot open'))).toHaveLength(1);
    expect(log).not.toContain('hunter3');
  });
});

describe('every request', () => {
  it('has an id in its reply and its log line: its own if that is well-formed', async () => {
    const given = await client.get('/api/jobs', { 'x-request-id': 'my-id.1' });
    expect(given.headers.get('x-request-id')).toBe('my-id.1');
    expect(log).toContain('"requestId":"my-id.1"');
    const bad = await client.get('/api/jobs', { 'x-request-id': 'a b"c' });
    expect(bad.headers.get('x-request-id')).toMatch(/^[\w-]{12}$/);
  });

  it('leaves no key, query or file name in the log', async () => {
    await client.get('/api/jobs?cursor=querysecret');
    await fetch(`${server.url}/assets/filesecret.mp4`);
    await fetch(`${server.url}/api/jobs`, { headers: { authorization: 'Bearer headersecret' } });
    await expect.poll(() => log).toContain('"route":"/assets/:file"');
    expect(log).not.toMatch(/querysecret|filesecret|headersecret/);
    expect(log).not.toContain(client.key.slice(-43));
  });

  it('with a forged Host header gets URLs of that host only when it is well-formed', async () => {
    const jobId = await client.make('mute', { videoUrl: '/assets/clip.mp4' });
    await server.move(jobId, {
      phase: 'Succeeded',
      result: { outputs: [{ name: 'main', kind: 'video', key: 'h.mp4', mediaType: 'video/mp4', bytes: 1 }] },
    });
    const port = new URL(server.url).port;
    const ask = (host: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: Number(port) });
        let text = '';
        socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        socket.on('end', () => resolve(text)).on('error', reject);
        socket.write(
          `GET /api/jobs/${jobId} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${client.key}\r\nConnection: close\r\n\r\n`,
        );
      });
    expect(await ask('box.lan:8080')).toContain('"outputUrl":"http://box.lan:8080/assets/h.mp4"');
    expect(await ask('evil/path?')).toContain(`"outputUrl":"http://127.0.0.1:${port}/assets/h.mp4"`);
  });

  it('gets URLs of the public address where one is configured', async () => {
    await using own = await ApiServer.start({ options: { publicUrl: 'https://render.example.com/base/' } });
    await own.publish('clip.mp4');
    const me = await own.client();
    const jobId = await me.make('mute', { videoUrl: 'https://render.example.com/base/assets/clip.mp4' });
    await own.move(jobId, {
      phase: 'Succeeded',
      result: { outputs: [{ name: 'main', kind: 'video', key: 'h.mp4', mediaType: 'video/mp4', bytes: 1 }] },
    });
    expect((await me.get(`/api/jobs/${jobId}`)).body['outputUrl']).toBe('https://render.example.com/base/assets/h.mp4');
  });
});
