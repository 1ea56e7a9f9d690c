import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';
import { callerOf } from './auth.ts';

/** Limits the open streams of each key: each one holds a connection, and costs work at every change of its job. */
export class StreamLimit {
  readonly #limit: number;
  readonly #open = new Map<string, number>();

  /** @param limit open streams of one key */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts the reply to this request until its connection ends. Throws `TOO_MANY_REQUESTS` at the limit. */
  add(request: FastifyRequest, reply: FastifyReply): void {
    const { keyId } = callerOf(request);
    const open = this.#open.get(keyId) ?? 0;
    if (open >= this.#limit) {
      throw new CodedError('TOO_MANY_REQUESTS', `The key has reached the limit of ${this.#limit} open streams.`, {
        remedy: 'Close unused streams, follow one job per stream, or raise FRAMEWRIGHT_MAX_STREAMS_PER_KEY.',
      });
    }
    this.#open.set(keyId, open + 1);
    reply.raw.once('close', () => this.#remove(keyId));
  }

  #remove(keyId: string): void {
    const left = (this.#open.get(keyId) ?? 1) - 1;
    if (left > 0) this.#open.set(keyId, left);
    else this.#open.delete(keyId);
  }
}
