import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a file, which may take as long as it comes at all. */
    readonly upload?: true;
  }
}

/** How long a client may go on sending a body that was refused before its connection is cut. */
const graceMs = 10_000;

/**
 * Bounds how long bodies are read: those of ordinary requests, so that a trickle of bytes does not hold a connection for
 * ever, and those of refused uploads. A refusal does not cut the connection at once: a client that is still sending would
 * see a reset instead of the reply.
 */
export function limitBodyTime(app: FastifyInstance, bodySeconds: number): void {
  app.addHook('onRequest', async (request) => {
    const { headers, routeOptions } = request;
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    if (hasBody && routeOptions.config.upload !== true) cutAfter(request, bodySeconds * 1000);
  });
  app.addHook('onResponse', async (request) => {
    const { raw } = request;
    if (raw.complete || raw.destroyed) return;
    cutAfter(request, graceMs);
    // A parser that is stuck would otherwise go on buffering.
    raw.unpipe();
    raw.resume();
  });
}

/** Cuts the connection unless the whole body is there by then. */
function cutAfter({ raw }: FastifyRequest, milliseconds: number): void {
  const timer = setTimeout(() => {
    if (!raw.complete) raw.socket.destroy();
  }, milliseconds);
  timer.unref();
  raw.once('close', () => clearTimeout(timer));
}
