import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a file: it may take any time as long as bytes arrive. */
    readonly upload?: true;
  }
}

/** How long a client may continue to send a rejected body before its connection is closed. */
const graceMs = 10_000;

/**
 * Limits how long bodies are read: those of ordinary requests, so that a trickle of bytes does not hold a connection
 * forever, and those of rejected uploads. A rejection does not close the connection immediately: a client that is still
 * sending would see a reset instead of the reply.
 */
export function limitBodyTime(app: FastifyInstance, bodySeconds: number): void {
  app.addHook('onRequest', async (request) => {
    const { headers, routeOptions } = request;
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    if (hasBody && routeOptions.config.upload !== true) closeAfter(request, bodySeconds * 1000);
  });
  app.addHook('onResponse', async (request) => {
    const { raw } = request;
    if (raw.complete || raw.destroyed) return;
    closeAfter(request, graceMs);
    // A blocked parser would otherwise continue to buffer.
    raw.unpipe();
    raw.resume();
  });
}

/** Closes the connection unless the whole body has arrived by then. */
function closeAfter({ raw }: FastifyRequest, milliseconds: number): void {
  const timer = setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, milliseconds);
  timer.unref();
  raw.once('close', () => clearTimeout(timer));
}
