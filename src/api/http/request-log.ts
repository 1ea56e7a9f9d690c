import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** The id of a request in its reply and in every log line: the client's own if it is well-formed, else a new one. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given)
    ? given
    : randomBytes(9).toString('base64url');
}

/**
 * One line per request, without anything that can contain a secret: the route instead of the URL (asset names and queries
 * grant access), no headers, no bodies.
 */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime),
        ...(request.caller !== null && { owner: request.caller.owner, key: request.caller.keyId }),
      },
      'request',
    );
  });
}
