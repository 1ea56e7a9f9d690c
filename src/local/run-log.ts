import { open } from 'node:fs/promises';
import type { Clock } from '../ports.ts';

const pollMs = 200;
const chunkBytes = 65_536;

export interface LogReading {
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether more may come. */
  readonly isLive: () => boolean;
}

/** The bytes of a log as far as it is written, and of one that is live as they come, until its end or the signal. */
export async function* readLog({ path, clock, signal, isLive }: LogReading): AsyncGenerator<Uint8Array> {
  let position = 0;
  while (!signal.aborted) {
    // Asked before reading: what is written after the last question cannot be missed, for then there is one more round.
    const more = isLive();
    for await (const chunk of readFrom(path, position)) {
      position += chunk.byteLength;
      yield chunk;
      if (signal.aborted) return;
    }
    if (!more) return;
    await clock.sleep(pollMs, signal).catch(() => undefined);
  }
}

/** From `position` to the end of the file; nothing when the file is not there yet, or no more. */
async function* readFrom(path: string, position: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return;
  try {
    for (let at = position; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
