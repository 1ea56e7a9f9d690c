import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import type { Credentials, TlsMaterial } from '../../src/adapters/kubernetes/client/credentials.ts';

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What happens to a call instead of being passed on, or on top of it. */
export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** The connection is reset before the call reaches the server. */
  | { readonly kind: 'reset' }
  /** The call is executed, and the connection reset instead of its reply. */
  | { readonly kind: 'reset-after' }
  /** Nothing ever comes. */
  | { readonly kind: 'silence' }
  /** The connection is cut after so many bytes of the answer. */
  | { readonly kind: 'cut'; readonly afterBytes: number };

/**
 * Stands between a client and the API server and does to its calls what networks and busy servers do. Plain HTTP on
 * loopback to the client; the client's own headers are passed on.
 */
export class FaultProxy implements AsyncDisposable {
  readonly calls: SeenCall[] = [];
  /** Asked for every call; none passes it on. */
  fault: (call: SeenCall) => Fault | undefined = () => undefined;
  readonly #server: Server;
  readonly #upstream: Pool;
  readonly #sockets = new Set<Socket>();
  /** Connections over which nothing comes any more, though they are open. */
  readonly #dead = new WeakSet<Socket>();

  private constructor(upstream: Pool) {
    this.#upstream = upstream;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(server: string, { verify, ...tls }: TlsMaterial): Promise<FaultProxy> {
    const connect = { ...tls, rejectUnauthorized: verify };
    const pool = new Pool(server, { connect, allowH2: false, bodyTimeout: 0, headersTimeout: 0 });
    const proxy = new FaultProxy(pool);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** In front of the API server that these credentials are for. */
  static async before(credentials: Credentials): Promise<{ proxy: FaultProxy; credentials: Credentials }> {
    const { tls } = await credentials.load();
    const proxy = await FaultProxy.start(credentials.server, tls);
    return { proxy, credentials: { ...credentials, server: proxy.url } };
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new Error('Expected the proxy to listen, but it does not');
    return `http://127.0.0.1:${address.port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Resets every connection, as a restart of a load balancer does. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Lets every open connection stay open and go silent, as a lost route does. New ones work. */
  silenceAll(): void {
    for (const socket of this.#sockets) this.#dead.add(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#upstream.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://proxy');
    const call = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams };
    this.calls.push(call);
    const fault = this.fault(call);
    // A request whose body was passed on no longer knows its socket.
    const { socket } = request;
    if (fault?.kind === 'silence' || this.#dead.has(socket)) return;
    if (fault?.kind === 'reset') {
      socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'answer') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(fault.body ?? '');
      return;
    }
    await this.#pass(request, response, socket, fault).catch(() => socket.destroy());
  }

  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    socket: Socket,
    fault: Fault | undefined,
  ): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answer = await this.#upstream.request({
      method: methodOf(request),
      path: request.url ?? '/',
      headers: passedOn(request),
      body: ['GET', 'HEAD'].includes(request.method ?? '') ? null : request,
      signal: gone.signal,
    });
    if (fault?.kind === 'reset-after') {
      await answer.body.dump();
      socket.resetAndDestroy();
      return;
    }
    let left = fault?.kind === 'cut' ? fault.afterBytes : Infinity;
    response.writeHead(answer.statusCode, passedBack(answer));
    // A watch on which nothing happens has begun all the same.
    response.flushHeaders();
    for await (const chunk of answer.body) {
      if (!Buffer.isBuffer(chunk) || this.#dead.has(socket)) continue;
      response.write(chunk.subarray(0, Math.min(left, chunk.length)));
      left -= chunk.length;
      if (left <= 0) {
        // What was written has to leave before the connection does.
        await new Promise((resolve) => response.write('', resolve));
        socket.destroy();
        return;
      }
    }
    if (!this.#dead.has(socket)) response.end();
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function methodOf({ method }: IncomingMessage): Dispatcher.HttpMethod {
  return methods.find((known) => known === method) ?? 'GET';
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const kept = ['authorization', 'content-type', 'accept', 'user-agent'];
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

function passedBack({ headers }: Dispatcher.ResponseData): Record<string, string> {
  const kept = ['content-type', 'retry-after', 'content-length'];
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
