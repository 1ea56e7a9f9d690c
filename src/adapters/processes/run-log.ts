import { closeSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';
import type { Shrunk } from './bounded-log.ts';

const pollMs = 200;
const chunkBytes = 65_536;

export interface LogReading {
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether more may come. */
  readonly isLive: () => boolean;
  /** How far the log has shrunk while it was read; a log that nobody cuts has not. */
  readonly shrunk?: () => Shrunk;
}

/** The bytes of a log as far as it is written, and of one that is live as they come, until its end or the signal. */
export async function* readLog({ path, clock, signal, isLive, shrunk }: LogReading): AsyncGenerator<Uint8Array> {
  let position = 0;
  let known = shrunk?.().by ?? 0;
  /** The place of what comes next, which lies earlier after a cut; what a slow reader has missed then is gone. */
  const place = (): number => {
    const { from, by } = shrunk?.() ?? { from: 0, by: known };
    if (position > from) position = Math.max(from, position - (by - known));
    known = by;
    return position;
  };
  while (!signal.aborted) {
    // Asked before reading: what is written after the last question cannot be missed, for then there is one more round.
    const more = isLive();
    for (let chunk = readAt(path, place()); chunk.byteLength > 0; chunk = readAt(path, place())) {
      position += chunk.byteLength;
      yield chunk;
      if (signal.aborted) return;
    }
    if (!more) return;
    await clock.sleep(pollMs, signal).catch(() => undefined);
  }
}

/** The next bytes, at once, so that no cut comes in between; none when the file is not there yet, or no more. */
function readAt(path: string, position: number): Uint8Array {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return new Uint8Array();
  }
  try {
    const buffer = Buffer.alloc(chunkBytes);
    return buffer.subarray(0, readSync(file, buffer, 0, chunkBytes, position));
  } finally {
    closeSync(file);
  }
}
