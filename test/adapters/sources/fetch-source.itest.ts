import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AddressGuard } from '../../../src/adapters/sources/address-guard.ts';
import { type FetchedFile, type FetchOptions, fetchSource } from '../../../src/adapters/sources/fetch-source.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { canMount } from '../../support/can-mount.ts';
import { localPolicy, type SourceServer, serveContent, startSourceServer } from '../../support/source-server.ts';

const content = randomBytes(300_000);

describe('fetching a source', () => {
  let dir: string;
  let server: SourceServer;
  let destination: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-fetch-'));
    destination = join(dir, 'input.mp4');
    server = await startSourceServer();
  });
  afterEach(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  const fetchFrom = (path: string, options: Partial<FetchOptions> = {}): Promise<FetchedFile> =>
    fetchSource(server.url + path, {
      destination,
      guard: new AddressGuard(localPolicy),
      maxBytes: 1_000_000,
      clock: systemClock,
      signal: new AbortController().signal,
      ...options,
    });
  const fetched = async (): Promise<boolean> => content.equals(await readFile(destination));

  it('returns the bytes unchanged and reports its progress', async () => {
    server.handle(serveContent(content));
    const reported: number[] = [];
    const onProgress = (received: number, total: number | undefined): void => {
      expect(total).toBe(content.length);
      reported.push(received);
    };
    expect(await fetchFrom('/a.mp4', { onProgress })).toEqual({ bytes: content.length, requests: 1 });
    expect(await fetched()).toBe(true);
    expect(reported.at(-1)).toBe(content.length);
    expect(reported).toEqual(reported.toSorted((a, b) => a - b));
  });

  it('asks for no compression, whose positions mean nothing', async () => {
    server.handle(serveContent(content));
    await fetchFrom('/a.mp4');
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each([
    ['an entity tag', { etag: '"v1"' }],
    ['a date of change', { lastModified: 'Tue, 01 Jul 2025 10:00:00 GMT' }],
  ])('goes on where a cut connection stopped, by %s', async (_what, validator) => {
    server.handle(serveContent(content, { ...validator, cutAfter: (request) => (request < 3 ? 100_000 : undefined) }));
    expect(await fetchFrom('/a.mp4')).toEqual({ bytes: content.length, requests: 3 });
    expect(await fetched()).toBe(true);
    const ranges = server.requests.map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect(server.requests[1]?.headers['if-range']).toBe(Object.values(validator)[0]);
  });

  it('starts over after a cut when the file has changed meanwhile', async () => {
    const other = randomBytes(200_000);
    const first = serveContent(other, { etag: '"v1"', cutAfter: () => 100_000 });
    const second = serveContent(content, { etag: '"v2"' });
    server.handle((request, response) => (server.requests.length === 1 ? first : second)(request, response));
    expect(await fetchFrom('/a.mp4')).toMatchObject({ bytes: content.length });
    expect(await fetched()).toBe(true);
  });

  it.each([
    ['only a weak tag', { etag: 'W/"v1"' }],
    ['nothing to recognise it by', {}],
    ['no ranges', { etag: '"v1"', ranges: false }],
  ])('starts over after a cut when the server offers %s', async (_what, options) => {
    server.handle(serveContent(content, { ...options, cutAfter: (request) => (request === 1 ? 50_000 : undefined) }));
    expect(await fetchFrom('/a.mp4')).toMatchObject({ bytes: content.length });
    expect(await fetched()).toBe(true);
  });

  it('gives up on a server that never sends a byte more', async () => {
    server.handle(serveContent(content, { etag: '"v1"', cutAfter: (request) => (request === 1 ? 1000 : 0) }));
    await expect(fetchFrom('/a.mp4', { fruitlessTries: 2 })).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('does not take a short body for the whole file', async () => {
    server.handle((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('short', () => response.destroy());
    });
    await expect(fetchFrom('/a.mp4', { fruitlessTries: 1 })).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it.each([
    [404, 'SOURCE_NOT_FOUND', 1],
    [403, 'SOURCE_NOT_FOUND', 1],
    [410, 'SOURCE_NOT_FOUND', 1],
    [500, 'SOURCE_UNAVAILABLE', 2],
    [503, 'SOURCE_UNAVAILABLE', 2],
    [429, 'SOURCE_UNAVAILABLE', 2],
  ])('status %i is %s after %i requests', async (status, code, requests) => {
    server.handle((_request, response) => response.writeHead(status).end('no'));
    const message = `Expected the file from ${server.url}/a.mp4, got HTTP status ${status}`;
    await expect(fetchFrom('/a.mp4?token=abc', { fruitlessTries: 2 })).rejects.toMatchObject({ code, message });
    expect(server.requests).toHaveLength(requests);
  });

  it('recovers from a server that fails once', async () => {
    const serve = serveContent(content);
    server.handle((request, response) =>
      server.requests.length === 1 ? response.writeHead(502).end() : serve(request, response),
    );
    await fetchFrom('/a.mp4');
    expect(await fetched()).toBe(true);
  });

  it('reports that no server listens', async () => {
    const { url } = server;
    await server.close();
    await expect(fetchFrom('/', { fruitlessTries: 1 })).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: `Expected an answer from ${url}/, got ECONNREFUSED`,
    });
  });

  it('follows redirects, relative ones too', async () => {
    const serve = serveContent(content);
    server.handle((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else if (request.url === '/b') response.writeHead(307, { location: `${server.url}/c?signature=1` }).end();
      else serve(request, response);
    });
    await fetchFrom('/a');
    expect(await fetched()).toBe(true);
  });

  it('follows five redirects and no more', async () => {
    server.handle((_request, response) => response.writeHead(302, { location: '/again' }).end());
    await expect(fetchFrom('/a')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(server.requests).toHaveLength(6);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://[::1]:1/',
    'file:///etc/passwd',
    'http://localhost.localdomain@10.0.0.1/',
  ])('is not led to %s by a redirect', async (location) => {
    server.handle((_request, response) => response.writeHead(302, { location }).end());
    await expect(fetchFrom('/a')).rejects.toMatchObject({ code: 'SOURCE_HOST_NOT_ALLOWED' });
  });

  it('is not led to this machine by a redirect where that is not allowed', async () => {
    server.handle((_request, response) => response.writeHead(302, { location: `${server.url}/b` }).end());
    // A name that DNS resolves to loopback, and a policy for which that is no exception.
    const guard = new AddressGuard({ hosts: ['*'], allowedRanges: [] }, () =>
      Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    );
    await expect(fetchFrom('/a', { guard })).rejects.toMatchObject({ code: 'SOURCE_HOST_NOT_ALLOWED' });
    expect(server.requests).toHaveLength(0);
  });

  it('connects to the address that was checked, whatever the name resolves to by then', async () => {
    server.handle(serveContent(content));
    const { port } = new URL(server.url);
    const guard = new AddressGuard(localPolicy, () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]));
    const options = {
      destination,
      guard,
      maxBytes: 1_000_000,
      clock: systemClock,
      signal: new AbortController().signal,
    };
    await fetchSource(`http://no-such-host.invalid:${port}/a.mp4`, options);
    expect(server.requests[0]?.headers.host).toBe(`no-such-host.invalid:${port}`);
    expect(await fetched()).toBe(true);
  });

  it('rejects a file that is announced as too large before a byte of it is written', async () => {
    server.handle(serveContent(content));
    await expect(fetchFrom('/a.mp4', { maxBytes: 1000 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect(await readFile(destination)).toHaveLength(0);
  });

  it('stops in the middle of a file that grows too large without having said so', async () => {
    server.handle((_request, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(10_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    await expect(fetchFrom('/a.mp4', { maxBytes: 50_000 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect((await readFile(destination)).length).toBeLessThanOrEqual(50_000);
  });

  it('does not wait for ever, neither for headers nor for the rest of a body', async () => {
    const timeouts = { headersMs: 300, idleMs: 300 };
    server.handle(() => undefined);
    const unavailable = { code: 'SOURCE_UNAVAILABLE' };
    await expect(fetchFrom('/a', { timeouts, fruitlessTries: 1 })).rejects.toMatchObject(unavailable);
    server.handle((_request, response) => void response.writeHead(200).write('a'));
    await expect(fetchFrom('/b', { timeouts, fruitlessTries: 1 })).rejects.toMatchObject(unavailable);
  });

  it('ends immediately when it is aborted, with the reason of the signal', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    server.handle((_request, response) => {
      response.writeHead(200).write('a');
      abort.abort(reason);
    });
    await expect(fetchFrom('/a', { signal: abort.signal })).rejects.toBe(reason);
  });

  it.runIf(canMount())('says that the disk is full', async () => {
    const small = join(dir, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', small]);
    try {
      server.handle(serveContent(content));
      await expect(fetchFrom('/a', { destination: join(small, 'a') })).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    } finally {
      execFileSync('umount', [small]);
    }
  });
});
