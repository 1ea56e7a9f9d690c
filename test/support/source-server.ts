import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on a free port of 127.0.0.1, which notes what it was asked. */
export interface SourceServer {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
  handle(handler: Handler): void;
  close(): Promise<void>;
}

/** The policy under which these servers can be reached. */
export const localPolicy = { hosts: ['*'], allowedRanges: ['127.0.0.0/8'] } as const;

export async function startSourceServer(): Promise<SourceServer> {
  const requests: IncomingMessage[] = [];
  let handler: Handler = (_request, response) => response.writeHead(404).end();
  const server: Server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected the server to have a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    handle(next) {
      handler = next;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export interface RangeServerOptions {
  readonly etag?: string;
  readonly lastModified?: string;
  /** Cuts the connection after this many bytes of a body, as long as it returns a number. */
  readonly cutAfter?: (request: number) => number | undefined;
  readonly ranges?: boolean;
}

/** Serves `content` with Range and If-Range, cutting connections where the test asks for it. */
export function serveContent(content: Buffer, options: RangeServerOptions = {}): Handler {
  let count = 0;
  return (request, response) => {
    count += 1;
    const { etag, lastModified, ranges = true } = options;
    const validator = request.headers['if-range'];
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const fresh = validator === undefined || validator === etag || validator === lastModified;
    const start = ranges && fresh && from !== undefined ? Number(from) : 0;
    const partial = ranges && fresh && from !== undefined;
    response.writeHead(partial ? 206 : 200, {
      'content-length': content.length - start,
      ...(etag !== undefined && { etag }),
      ...(lastModified !== undefined && { 'last-modified': lastModified }),
      ...(partial && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    const cut = options.cutAfter?.(count);
    if (cut === undefined) response.end(content.subarray(start));
    else response.write(content.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 20));
  };
}
