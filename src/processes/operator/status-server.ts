import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { listenError } from '../listen-error.ts';

export interface StatusSources {
  readonly registry: Registry;
  /** Why the process should be restarted, in one sentence; undefined while it works. */
  readonly unhealthy: () => string | undefined;
  /** Why it is not ready, in one sentence; undefined when it is. */
  readonly unready: () => string | undefined;
}

export interface StatusServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * The server for kubelets and Prometheus of a process that serves nothing else: `/healthz`, `/readyz` and `/metrics`.
 *
 * @throws CodedError `ADDRESS_IN_USE` when the address cannot be listened on
 */
export async function startStatusServer(
  { host, port }: { readonly host: string; readonly port: number },
  sources: StatusSources,
): Promise<StatusServer> {
  const server = createServer((request, response) => respond(request, response, sources));
  // Requests have no body, so a slow one is broken.
  server.requestTimeout = 10_000;
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await listening.catch((error: unknown) => {
    throw listenError(error, { host, port, remedy: 'Choose another --metrics-port (0 is any free one)' });
  });
  return {
    url: urlOf(server.address()),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function respond(request: IncomingMessage, response: ServerResponse, { registry, ...sources }: StatusSources): void {
  // Not parsed as a URL: what a client sends need not be one.
  const [path] = (request.url ?? '/').split('?');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    answer(response, 405, 'Expected GET\n');
  } else if (path === '/healthz') verdict(response, sources.unhealthy());
  else if (path === '/readyz') verdict(response, sources.unready());
  else if (path === '/metrics') {
    registry.metrics().then(
      (text) => answer(response, 200, text, registry.contentType),
      () => answer(response, 500, 'Failed to read the metrics\n'),
    );
  } else answer(response, 404, 'Expected /healthz, /readyz or /metrics\n');
}

function verdict(response: ServerResponse, problem: string | undefined): void {
  answer(response, problem === undefined ? 200 : 503, problem === undefined ? 'ok\n' : `${problem}\n`);
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('Expected the server to listen on a port');
  const { family, port } = address;
  return `http://${family === 'IPv6' ? `[${address.address}]` : address.address}:${port}`;
}
