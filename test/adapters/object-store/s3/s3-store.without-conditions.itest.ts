import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { S3Store } from '../../../../src/adapters/object-store/s3/s3-store.ts';

/** The little of S3 that one publication needs, by a server of the time before `If-None-Match` on writes. */
class OldServer {
  readonly objects = new Map<string, { readonly bytes: Buffer; readonly mark: string }>();
  readonly asked: string[] = [];
  /** Rejects the condition, or ignores it. */
  ignores = false;
  readonly http: Server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const [key = ''] = url.split('?');
    this.asked.push(`${method}${headers['if-none-match'] === undefined ? '' : ' if-none-match'}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (method === 'PUT' && headers['if-none-match'] !== undefined && !this.ignores) {
        response.writeHead(501).end('<Error><Code>NotImplemented</Code><Message>no</Message></Error>');
      } else if (method === 'PUT') {
        this.objects.set(key, { bytes: Buffer.concat(chunks), mark: String(headers['x-amz-meta-framewright-upload']) });
        response.writeHead(200, { etag: '"tag"' }).end();
      } else {
        const found = this.objects.get(key);
        if (found === undefined) return response.writeHead(404).end();
        const described = {
          etag: '"tag"',
          'content-length': found.bytes.length,
          'x-amz-meta-framewright-upload': found.mark,
        };
        response.writeHead(200, described).end();
      }
      return undefined;
    });
  });
}

describe('a store on a server that knows no conditions on writes', () => {
  let server: OldServer;
  let dir: string;
  let store: S3Store;

  beforeEach(async () => {
    server = new OldServer();
    dir = await mkdtemp(join(tmpdir(), 'fw-s3-'));
    server.http.listen(0, '127.0.0.1');
    await once(server.http, 'listening');
    const address = server.http.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    store = new S3Store({
      bucket: 'bucket',
      endpoint: `http://127.0.0.1:${port}`,
      forcePathStyle: true,
      uploadDir: dir,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    });
  });
  afterEach(async () => {
    server.http.closeAllConnections();
    server.http.close();
    await rm(dir, { recursive: true });
  });

  const publish = async (key: string, content: string): ReturnType<S3Store['publish']> => {
    const upload = await store.createUpload(key);
    await writeFile(upload.path, content);
    return store.publish(upload);
  };

  it.each([false, true])('publishes, and still replaces nothing (the condition is ignored: %j)', async (ignores) => {
    server.ignores = ignores;
    await publish('a.txt', 'first');
    await expect(publish('a.txt', 'second')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(server.objects.get('/bucket/a.txt')?.bytes.toString()).toBe('first');
    // The taken key was found before anything was sent.
    expect(server.asked).toEqual(
      ignores ? ['HEAD', 'PUT if-none-match', 'HEAD', 'HEAD'] : ['HEAD', 'PUT if-none-match', 'PUT', 'HEAD', 'HEAD'],
    );
  });

  it('says so when another has published at the same moment', async () => {
    server.ignores = true;
    const upload = await store.createUpload('a.txt');
    await writeFile(upload.path, 'ours');
    // Theirs comes after ours and before we look.
    const set = server.objects.set.bind(server.objects);
    server.objects.set = (key, object) => set(key, { ...object, mark: 'of another' });
    await expect(store.publish(upload)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
