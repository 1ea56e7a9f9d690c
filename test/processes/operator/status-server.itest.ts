import { connect } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { startStatusServer } from '../../../src/processes/operator/status-server.ts';

const address = { host: '127.0.0.1', port: 0 };

function sources(problem?: string) {
  const registry = new Registry();
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(7);
  return { registry, unhealthy: () => problem, unready: () => problem };
}

it('answers 200 while nothing is wrong, and serves the metrics', async () => {
  await using server = await startStatusServer(address, sources());
  for (const path of ['/healthz', '/readyz', '/healthz?verbose=1']) {
    const answer = await fetch(server.url + path);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
  }
  const metrics = await fetch(`${server.url}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(await metrics.text()).toContain('things_total 7');
});

it('answers 503 with the reason in one sentence', async () => {
  await using server = await startStatusServer(address, sources('a key has waited for 400 s'));
  const answer = await fetch(`${server.url}/healthz`);
  expect([answer.status, await answer.text()]).toEqual([503, 'a key has waited for 400 s\n']);
});

it('rejects other paths and methods', async () => {
  await using server = await startStatusServer(address, sources());
  expect((await fetch(`${server.url}/`)).status).toBe(404);
  const post = await fetch(`${server.url}/healthz`, { method: 'POST', body: 'x' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

it('survives malformed requests, and closes although a client keeps its connection', async () => {
  const server = await startStatusServer(address, sources());
  const { port } = new URL(server.url);
  for (const line of ['GET //[ HTTP/1.1\r\nhost: a\r\n\r\n', 'nonsense\r\n\r\n', 'GET http://[ HTTP/1.1\r\n\r\n']) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    const answered = new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
    socket.write(line);
    await answered;
    socket.destroy();
  }
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  connect(Number(port), '127.0.0.1').on('error', () => undefined);
  await server[Symbol.asyncDispose]();
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
});

it('rejects an address that is in use, and names it', async () => {
  await using first = await startStatusServer(address, sources());
  const port = Number(new URL(first.url).port);
  await expect(startStatusServer({ host: '127.0.0.1', port }, sources())).rejects.toThrow(
    /Expected to listen on 127.0.0.1:\d+, got: .*EADDRINUSE/,
  );
});
