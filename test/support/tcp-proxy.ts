import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Bytes that have come over one connection, and where they are going. */
export interface Passing {
  /** Of this proxy, from 0. */
  readonly connection: number;
  readonly to: 'server' | 'client';
  readonly bytes: Buffer;
  /** Bytes that have been passed on in this direction before. */
  readonly before: number;
}

/** `cut` resets both connections instead, `silence` passes nothing on any more, in either direction. */
export type Verdict = 'pass' | 'cut' | 'silence';

/** Stands between a client and any server and passes bytes on, unless a test says otherwise. Requests stay as signed. */
export class TcpProxy implements AsyncDisposable {
  decide: (passing: Passing) => Verdict = () => 'pass';
  /** Connections so far. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, '127.0.0.1')));
  }

  /** @param server `http://127.0.0.1:PORT` */
  static async before(server: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(server).port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new Error('Expected the proxy to listen, but it has no address');
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    const connection = this.connections++;
    let silent = false;
    const pipe = (from: Socket, to: Socket, direction: Passing['to']): void => {
      let before = 0;
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (silent) return;
        const verdict = this.decide({ connection, to: direction, bytes, before });
        before += bytes.length;
        if (verdict === 'silence') silent = true;
        else if (verdict === 'pass') to.write(bytes);
        else for (const socket of [client, server]) socket.resetAndDestroy();
      });
    };
    pipe(client, server, 'server');
    pipe(server, client, 'client');
  }
}
