/** Gives work a buffer of at least so many bytes, to so much work at once; others wait in turn. */
export type PartBuffers = <T>(bytes: number, work: (buffer: Buffer) => Promise<T>) => Promise<T>;

/**
 * Buffers that are used again and again: with new ones the memory of a process grows by far more than is in use, since
 * nothing is collected before it has to be. A buffer whose work failed is given up: something may still read from it.
 */
export function createPartBuffers(atOnce: number): PartBuffers {
  let free = atOnce;
  const kept: Buffer[] = [];
  const waiting: (() => void)[] = [];
  return async (bytes, work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      const last = kept.pop();
      const buffer = last !== undefined && last.length >= bytes ? last : Buffer.allocUnsafeSlow(bytes);
      const done = await work(buffer);
      kept.push(buffer);
      return done;
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
