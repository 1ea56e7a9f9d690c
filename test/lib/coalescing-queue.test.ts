import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoalescingQueue } from '../../src/lib/coalescing-queue.ts';

describe('CoalescingQueue', () => {
  it('gives the latest value of every key, each after the values of it that were read before', async () => {
    const command = fc.oneof(fc.constant('take' as const), fc.constantFrom('a', 'b', 'c'));
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const queue = new CoalescingQueue<string, { key: string; value: number }>();
        const { signal } = new AbortController();
        const latest = new Map<string, number>();
        const read = new Map<string, number>();
        const take = async (): Promise<void> => {
          const next = await queue.take(signal);
          if (next === undefined) throw new Error('Expected a value');
          expect(next.value).toBe(latest.get(next.key));
          expect(next.value).toBeGreaterThan(read.get(next.key) ?? -1);
          read.set(next.key, next.value);
        };
        for (const [value, key] of commands.entries()) {
          if (key !== 'take') {
            queue.put(key, { key, value });
            latest.set(key, value);
          } else if (queue.size > 0) await take();
        }
        while (queue.size > 0) await take();
        expect(read).toEqual(latest);
      }),
    );
  });

  it('wakes a reader that waits', async () => {
    const queue = new CoalescingQueue<string, number>();
    const waiting = queue.take(new AbortController().signal);
    queue.put('a', 1);
    expect(await waiting).toBe(1);
  });

  it('keeps the order in which keys were first put', async () => {
    const queue = new CoalescingQueue<string, string>();
    const { signal } = new AbortController();
    queue.put('quiet', 'quiet');
    for (let index = 0; index < 5; index += 1) queue.put('busy', `busy ${index}`);
    expect([await queue.take(signal), await queue.take(signal)]).toEqual(['quiet', 'busy 4']);
  });
});
