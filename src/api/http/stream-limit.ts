import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';
import { callerOf } from './auth.ts';

/** Counts the streams that each key has open: every one of them holds a connection, and work at each change of its job. */
export class StreamLimit {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  /** @param most streams of one key */
  constructor(most: number) {
    this.#most = most;
  }

  /** Counts the reply to this request until its connection ends. Throws `TOO_MANY_REQUESTS` when the key has its most. */
  add(request: FastifyRequest, reply: FastifyReply): void {
    const { keyId } = callerOf(request);
    const open = this.#open.get(keyId) ?? 0;
    if (open >= this.#most) {
      throw new CodedError(
        'TOO_MANY_REQUESTS',
        `Expected at most ${this.#most} open streams of one key, got one more.`,
        {
          remedy:
            'Close streams that nobody reads, follow one job per stream, or raise FRAMEWRIGHT_MAX_STREAMS_PER_KEY.',
        },
      );
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
