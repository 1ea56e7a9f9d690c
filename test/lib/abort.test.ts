import { describe, expect, it } from 'vitest';
import { untilAborted } from '../../src/lib/abort.ts';

describe('untilAborted', () => {
  it('settles as the promise does', async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve('done'), signal)).resolves.toBe('done');
    await expect(untilAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  });

  it('rejects with the reason of the signal when that is aborted first', async () => {
    const abort = new AbortController();
    const pending = untilAborted(Promise.withResolvers<never>().promise, abort.signal);
    abort.abort(new Error('shutting down'));
    await expect(pending).rejects.toThrow('shutting down');
  });

  it('rejects for a signal that is aborted already', async () => {
    const { promise } = Promise.withResolvers<never>();
    await expect(untilAborted(promise, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});
