import { type FileHandle, open } from 'node:fs/promises';
import { boxAt, longestBoxHeader } from '../../mp4/boxes.ts';
import { type Mp4Track, parseTrack } from '../mp4-track.ts';
import { SmartCutError } from '../nal-units.ts';

/** An open MP4 with one track: the copied source, the re-encoded head or the re-encoded tail. */
export interface PieceFile extends AsyncDisposable {
  readonly file: FileHandle;
  readonly track: Mp4Track;
}

export async function openPiece(path: string): Promise<PieceFile> {
  const file = await open(path);
  try {
    return { file, track: parseTrack(await readMovie(file)), [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

export function readSample({ file, track: { samples } }: PieceFile, index: number): Promise<Uint8Array> {
  return readAt(file, samples.offsets[index] ?? 0, samples.sizes[index] ?? 0);
}

/** Content of the `moov` box, wherever it is among the boxes of the file. */
async function readMovie(file: FileHandle): Promise<Uint8Array> {
  const { size: end } = await file.stat();
  for (let at = 0; at < end; ) {
    const head = await readAt(file, at, Math.min(longestBoxHeader, end - at));
    const box = boxAt(head, 0, end - at);
    if (box.type === 'moov') return readAt(file, at + box.content, box.end - box.content);
    at += box.end;
  }
  throw new SmartCutError('expected an index in an MP4 file, got a file without moov');
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) throw new SmartCutError(`expected ${length} bytes of a sample, got ${read}`);
    read += bytesRead;
  }
  return bytes;
}
