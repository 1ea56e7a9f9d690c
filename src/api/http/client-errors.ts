import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { CodedError } from '../../errors/coded-error.ts';
import { errorReply } from './error-replies.ts';

/**
 * Answers what is not even an HTTP request, in the usual envelope, and closes the connection. No request is known then,
 * so there is no shape to choose and no id.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  // A client that has gone away hears no answer.
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const message = tooLong ? 'Expected shorter headers.' : 'Expected an HTTP/1.1 request, got something else.';
  const { status, contentType, body } = errorReply('/', new CodedError('INVALID_REQUEST', message), '');
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
