import { expect, it } from 'vitest';
import { createPartBuffers } from '../../../../src/adapters/object-store/s3/part-buffers.ts';

it('lends a bounded number of buffers in parallel, and allocates no more', async () => {
  const buffers = createPartBuffers(3);
  const made = new Set<Buffer>();
  let now = 0;
  let most = 0;
  const work = async (buffer: Buffer): Promise<number> => {
    made.add(buffer);
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return buffer.length;
  };
  const sizes = await Promise.all(Array.from({ length: 20 }, () => buffers(1000, work)));
  expect([most, made.size, Math.min(...sizes)]).toEqual([3, 3, 1000]);
});

it('gives a larger buffer where the kept one is too small', async () => {
  const buffers = createPartBuffers(1);
  expect(await buffers(10, async ({ length }) => length)).toBe(10);
  expect(await buffers(20, async ({ length }) => length)).toBe(20);
});

it('gives up a buffer whose work failed, and lets the next one in', async () => {
  const buffers = createPartBuffers(1);
  const seen: Buffer[] = [];
  const failing = buffers(10, async (buffer) => {
    seen.push(buffer);
    throw new Error('cut');
  });
  await expect(failing).rejects.toThrow('cut');
  await buffers(10, async (buffer) => seen.push(buffer));
  expect(seen[0]).not.toBe(seen[1]);
});
