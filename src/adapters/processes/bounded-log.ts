import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

import type { Clock } from '../../ports/clock.ts';

export interface LogLimits {
  /** Size from which a log is cut, in bytes. */
  readonly maxBytes: number;
  /** What is kept of its beginning and of its end then, together less than `maxBytes`. */
  readonly headBytes: number;
  readonly tailBytes: number;
}

const mebibyte = 1024 ** 2;
/** A usual log has some kilobytes; the beginning holds the plan, the end the outcome. */
export const logLimits: LogLimits = { maxBytes: 16 * mebibyte, headBytes: mebibyte, tailBytes: 8 * mebibyte };

/** How far a log has shrunk: its bytes from `from` on are `by` bytes nearer to its beginning now. */
export interface Shrunk {
  readonly from: number;
  readonly by: number;
}

/**
 * The log of one run, which another process appends to, kept within a size: its middle is removed in whole lines and
 * replaced by a line with the number of bytes. The writer must have the file open for appending; what it writes during the
 * cut itself may be lost.
 */
export class BoundedLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #limits: LogLimits;
  #shrunk: Shrunk = { from: 0, by: 0 };
  #omitted = 0;

  constructor(path: string, { clock, limits }: { readonly clock: Clock; readonly limits: LogLimits }) {
    this.#path = path;
    this.#clock = clock;
    this.#limits = limits;
  }

  get shrunk(): Shrunk {
    return this.#shrunk;
  }

  /** Cuts the log if it is too long. Throws the errors of the file system. */
  trim(): void {
    const file = openSync(this.#path, constants.O_RDWR | constants.O_APPEND);
    try {
      const { size } = fstatSync(file);
      if (size > this.#limits.maxBytes) this.#cut(file, size);
    } finally {
      closeSync(file);
    }
  }

  #cut(file: number, size: number): void {
    // The same head each time; the line about an earlier cut follows it and is removed with the middle.
    const from = this.#shrunk.from > 0 ? this.#shrunk.from : lineEnd(read(file, 0, this.#limits.headBytes));
    const kept = afterLineStart(read(file, size - this.#limits.tailBytes, this.#limits.tailBytes));
    this.#omitted += size - from - kept.length;
    const note = JSON.stringify({
      level: 40,
      time: this.#clock.now(),
      msg: `about ${this.#omitted} bytes of this log were removed here`,
    });
    // What was written since the end was read.
    const late = read(file, size, fstatSync(file).size - size);
    ftruncateSync(file, from);
    const written = Buffer.concat([Buffer.from(`${note}\n`), kept, late]);
    writeAll(file, written);
    this.#shrunk = { from, by: this.#shrunk.by + size + late.length - from - written.length };
  }
}

function read(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const bytes = readSync(file, buffer, filled, length - filled, position + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  return buffer.subarray(0, filled);
}

function writeAll(file: number, content: Buffer): void {
  for (let done = 0; done < content.length; ) done += writeSync(file, content, done);
}

const lineBreak = 0x0a;

/** Length of the whole lines at the beginning; all of it when there is no line break. */
function lineEnd(content: Buffer): number {
  const last = content.lastIndexOf(lineBreak);
  return last === -1 ? content.length : last + 1;
}

/** The whole lines at the end; all of it when there is no line break. */
function afterLineStart(content: Buffer): Buffer {
  const first = content.indexOf(lineBreak);
  return first === -1 ? content : content.subarray(first + 1);
}
