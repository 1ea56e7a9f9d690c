/** Runs work with a buffer of at least `bytes`; work beyond the number of buffers waits for a free one. */
export type PartBuffers = <T>(bytes: number, work: (buffer: Buffer) => Promise<T>) => Promise<T>;

/**
 * At most `count` buffers, which are used again: with new ones the memory of a process grows by far more than is in use,
 * since nothing is collected before it has to be. A buffer whose work failed is dropped: something may still read it.
 */
export function createPartBuffers(count: number): PartBuffers {
  let free = count;
  const kept: Buffer[] = [];
  const waiting: (() => void)[] = [];
  return async (bytes, work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      const last = kept.pop();
      const buffer = last !== undefined && last.length >= bytes ? last : Buffer.allocUnsafeSlow(bytes);
      const result = await work(buffer);
      kept.push(buffer);
      return result;
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
