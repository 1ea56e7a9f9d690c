import type { FastifyInstance } from 'fastify';

/** How long a client may go on sending a body that was refused before its connection is cut. */
const graceMs = 10_000;

/**
 * Bounds what is read of a refused upload. The connection is not cut at once: a client that is still sending would see a
 * reset instead of the reply.
 */
export function boundUnreadBodies(app: FastifyInstance): void {
  app.addHook('onResponse', async (request) => {
    const { raw } = request;
    if (raw.complete || raw.destroyed) return;
    const timer = setTimeout(() => raw.socket.destroy(), graceMs);
    timer.unref();
    const stop = (): void => clearTimeout(timer);
    raw.once('end', stop).once('close', stop);
    // A parser that is stuck would otherwise go on buffering.
    raw.unpipe();
    raw.resume();
  });
}
