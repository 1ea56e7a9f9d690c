import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Replies of the route are about a job: never stored, and with an ETag that makes polling cheap. */
    readonly job?: true;
  }
}

/** Whether an `If-None-Match` header names an entity tag, by weak comparison (RFC 9110, section 13.1.2). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const bare = etag.replace(/^W\//, '');
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === bare);
}

function unchanged(reply: FastifyReply, payload: string): boolean {
  const { method, headers } = reply.request;
  if (reply.statusCode !== 200 || (method !== 'GET' && method !== 'HEAD')) return false;
  const etag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`;
  reply.header('etag', etag);
  return matchesEtag(headers['if-none-match'], etag);
}

/** Headers of every reply, and those of replies about jobs. */
export function addReplyHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.routeOptions.config.job !== true) return payload;
    reply.header('cache-control', 'no-store');
    if (typeof payload !== 'string' || !unchanged(reply, payload)) return payload;
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return '';
  });
}
