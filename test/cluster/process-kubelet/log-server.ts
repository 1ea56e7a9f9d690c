import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerProcess } from './container-process.ts';

/** The part of the kubelet's API that `kubectl logs` goes through: `/containerLogs/NAMESPACE/POD/CONTAINER`. */
export async function startLogServer(
  certificate: { readonly cert: string; readonly key: string },
  find: (pod: string) => ContainerProcess | undefined,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://kubelet');
    const [, , namespace, pod] = url.pathname.split('/');
    const container = find(`${namespace}/${pod}`);
    if (container === undefined) {
      response.writeHead(404).end('no such container');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    void (async () => {
      const follow = url.searchParams.get('follow') === 'true';
      let at = 0;
      do {
        // Looked at before the file: what was written before the end is sent.
        const last = !follow || container.exited;
        const { size } = await stat(container.log);
        if (size > at) {
          for await (const chunk of createReadStream(container.log, { start: at, end: size - 1 }))
            response.write(chunk);
          at = size;
        }
        if (last) break;
        await sleep(20);
      } while (!response.destroyed);
      response.end();
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected the log server to listen');
  return { server, port: address.port };
}
