import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { CodedError } from '../../errors/coded-error.ts';
import { storageError } from '../object-store/storage-error.ts';

export interface Download {
  /** File to write; it is replaced. */
  readonly destination: string;
  /** Size of the whole object. */
  readonly bytes: number;
  /** The bytes from `start` to `end`, both included. */
  readonly read: (range: { readonly start: number; readonly end: number }) => Promise<AsyncIterable<Uint8Array>>;
  readonly signal: AbortSignal;
  readonly onProgress?: (receivedBytes: number, totalBytes: number) => void;
}

/** One connection to an object store has a fraction of the throughput of a machine. */
const parallelParts = 4;
const partBytes = 16 * 1024 ** 2;

/**
 * Fetches an object into a file, several parts in parallel, each written as it arrives. Rejects with what `read` rejects
 * with, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`, or the signal's reason.
 */
export async function download({ destination, bytes, read, signal, onProgress }: Download): Promise<void> {
  const file = await open(destination, constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC, 0o600).catch(
    (error: unknown) => {
      throw storageError('write a fetched input', error);
    },
  );
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  let next = 0;
  let received = 0;
  const work = async (): Promise<void> => {
    while (next < bytes && !ended.aborted) {
      const start = next;
      const end = Math.min(start + partBytes, bytes) - 1;
      next = end + 1;
      let position = start;
      for await (const piece of await read({ start, end })) {
        if (ended.aborted) return;
        if (position + piece.length > end + 1) throw unexpectedSize(end + 1 - start, 'more');
        await writeAll(file, piece, position);
        position += piece.length;
        received += piece.length;
        onProgress?.(received, bytes);
      }
      if (position !== end + 1) throw unexpectedSize(end + 1 - start, String(position - start));
    }
  };
  try {
    const workers = Array.from({ length: parallelParts }, async () =>
      work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(workers);
    signal.throwIfAborted();
    failed.signal.throwIfAborted();
  } finally {
    await file.close();
  }
}

function unexpectedSize(bytes: number, got: string): CodedError {
  return new CodedError('STORAGE_UNAVAILABLE', `Expected ${bytes} bytes of an object, got ${got}`);
}

/** Writes all bytes: a disk that is nearly full accepts a part of a write and rejects the next one. */
export async function writeAll(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  try {
    for (let written = 0; written < piece.length; ) {
      const { bytesWritten } = await file.write(piece, written, piece.length - written, position + written);
      written += bytesWritten;
    }
  } catch (error) {
    throw storageError('write a fetched input', error);
  }
}
