import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';
import { redactUrls } from '../../lib/redact-url.ts';
import { type EnvelopesByPrefix, envelopeOf, plainEnvelope, presentableError } from './error-replies.ts';

/** Answers everything that a handler throws, and unknown routes, in the envelope of the API that the path belongs to. */
export function answerErrors(
  app: FastifyInstance,
  { envelopes, retryAfterSeconds }: { readonly envelopes: EnvelopesByPrefix; readonly retryAfterSeconds: number },
): void {
  app.setErrorHandler((error, request, reply) => {
    const coded = presentableError(error);
    const { status, contentType, body } = envelopeOf(envelopes, request.url)(coded, request.id);
    if (coded.code === 'INTERNAL_ERROR') request.log.error({ error: redactUrls(stackOf(error)) }, 'request failed');
    else if (status >= 500 && status !== 501) request.log.warn({ code: coded.code }, redactUrls(coded.message));
    if (coded.definition.retryAfter) reply.header('retry-after', retryAfterSeconds);
    // A stream of another type may have been announced before it failed.
    reply.removeHeader('content-length').removeHeader('etag');
    return reply.code(status).type(contentType).serializer(JSON.stringify).send(body);
  });
  app.setNotFoundHandler(() => {
    throw new CodedError('NOT_FOUND', 'No such route.', { remedy: 'The routes are listed at /docs.' });
  });
}

/** Answers errors that occur before any route is found, such as a malformed escape in the path. */
export function frameworkErrors(envelopes: EnvelopesByPrefix): NonNullable<FastifyServerOptions['frameworkErrors']> {
  return (error, request, reply) => {
    const { status, contentType, body } = envelopeOf(envelopes, request.url)(presentableError(error), request.id);
    reply.raw.writeHead(status, { 'content-type': contentType, 'x-request-id': request.id }).end(JSON.stringify(body));
  };
}

/**
 * Answers bytes that are not an HTTP request with a plain error and closes the connection. There is no path that could
 * choose an envelope, and no request id.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  // The client has closed the connection.
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const message = tooLong ? 'Expected shorter headers.' : 'Expected an HTTP/1.1 request, got something else.';
  const { status, contentType, body } = plainEnvelope(new CodedError('INVALID_REQUEST', message), '');
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
