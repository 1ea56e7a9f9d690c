import { closeSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';
import type { Shrunk } from './bounded-log.ts';

const pollMs = 200;
const chunkBytes = 65_536;

export interface LogReading {
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether more may be written. */
  readonly isLive: () => boolean;
  /** How far the log has shrunk since the start of the run; absent for a log that is never cut. */
  readonly shrunk?: () => Shrunk;
}

/** The bytes of a log; of a live one also those that are written later, until its end or the signal. */
export async function* readLog({ path, clock, signal, isLive, shrunk }: LogReading): AsyncGenerator<Uint8Array> {
  let position = 0;
  let known = shrunk?.().by ?? 0;
  /** The position of the next bytes, which a cut moves towards the beginning; a slow reader may miss removed bytes. */
  const nextPosition = (): number => {
    const { from, by } = shrunk?.() ?? { from: 0, by: known };
    if (position > from) position = Math.max(from, position - (by - known));
    known = by;
    return position;
  };
  while (!signal.aborted) {
    // Checked before reading: bytes that are written after the last check are read in one more round.
    const more = isLive();
    for (let chunk = readAt(path, nextPosition()); chunk.byteLength > 0; chunk = readAt(path, nextPosition())) {
      position += chunk.byteLength;
      yield chunk;
      if (signal.aborted) return;
    }
    if (!more) return;
    await clock.sleep(pollMs, signal).catch(() => undefined);
  }
}

/** The next bytes, read synchronously so that no cut comes in between; none when there is no file, or no further byte. */
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
