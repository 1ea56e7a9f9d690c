import { type FileHandle, open } from 'node:fs/promises';
import { ascii, concatBytes, viewOf } from '../../mp4/bytes.ts';
import { makeBox } from '../../mp4/make-box.ts';
import { type Movie, movieBox } from '../mp4-movie.ts';

/** Bytes of samples that are collected before they are written together. */
const batchBytes = 1 << 20;
/** Bytes of the header of `mdat`, whose size is known only at the end and may need 64 bits. */
const mediaHeaderBytes = 16;

/** Writes the samples of one video track in decoding order, then their index. */
export class MovieWriter implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #sizes: number[] = [];
  readonly #keys: boolean[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #position: number;
  readonly #start: number;
  /** Presentation times of the samples so far. */
  readonly pts: number[] = [];

  private constructor(file: FileHandle, start: number) {
    this.#file = file;
    this.#start = start;
    this.#position = start;
  }

  static async create(path: string): Promise<MovieWriter> {
    const file = await open(path, 'w', 0o600);
    const brands = ascii('isom\0\0\0\0isomiso2mp41');
    const type = makeBox('ftyp', brands);
    await file.write(type, 0, type.length, 0);
    return new MovieWriter(file, type.length + mediaHeaderBytes);
  }

  async add(sample: Uint8Array, pts: number, key: boolean): Promise<void> {
    this.#sizes.push(sample.length);
    this.#keys.push(key);
    this.pts.push(pts);
    this.#waiting.push(sample);
    this.#waitingBytes += sample.length;
    if (this.#waitingBytes >= batchBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = concatBytes(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await writeAt(this.#file, bytes, this.#position);
    this.#position += bytes.length;
  }

  async finish(track: Omit<Movie, 'offset' | 'sizes' | 'keys'>): Promise<void> {
    await this.#flush();
    const header = new Uint8Array(mediaHeaderBytes);
    const view = viewOf(header);
    view.setUint32(0, 1);
    header.set(ascii('mdat'), 4);
    view.setBigUint64(8, BigInt(this.#position - this.#start + mediaHeaderBytes));
    await writeAt(this.#file, header, this.#start - mediaHeaderBytes);
    const index = movieBox({ ...track, offset: this.#start, sizes: this.#sizes, keys: this.#keys });
    await writeAt(this.#file, index, this.#position);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
