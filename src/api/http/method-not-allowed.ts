import type { FastifyInstance, HTTPMethods } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Answers 405 with an `Allow` header to the other methods of every route (RFC 9110, section 15.5.6). Call the returned
 * function after all routes are registered.
 */
export function collectRoutes(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const allowed = known.get(url) ?? new Set();
    for (const one of [method].flat()) allowed.add(one);
    known.set(url, allowed);
  });
  return () => {
    for (const [url, allowed] of known) {
      const others = methods.filter((method) => !allowed.has(method));
      const allow = [...allowed].toSorted().join(', ');
      app.route({
        method: others,
        url,
        exposeHeadRoute: false,
        schema: { hide: true },
        // Before the body is read: its content does not matter.
        onRequest: async ({ method }, reply) => {
          reply.header('allow', allow);
          throw new CodedError('METHOD_NOT_ALLOWED', `Expected one of ${allow}, got ${method}.`);
        },
        handler: async () => undefined,
      });
    }
  };
}
