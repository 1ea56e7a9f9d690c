import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('resolves with the value of the first try that passes', async () => {
    let tries = 0;
    const value = await eventually(
      () => {
        tries += 1;
        expect(tries).toBe(3);
        return 'passed';
      },
      { everyMs: 1 },
    );
    expect({ value, tries }).toEqual({ value: 'passed', tries: 3 });
  });

  it('rejects with the last failure when the time is over', async () => {
    let tries = 0;
    const failing = eventually(
      () => {
        tries += 1;
        throw new Error(`failure ${tries}`);
      },
      { withinMs: 20, everyMs: 1 },
    );
    const error = await failing.catch((failure: unknown) => failure);
    expect(tries).toBeGreaterThan(1);
    expect(error).toEqual(new Error(`failure ${tries}`));
  });

  it('does not wait longer for a try that does not end', async () => {
    const pending = eventually(() => Promise.withResolvers<never>().promise, { withinMs: 20 });
    await expect(pending).rejects.toThrow('Expected the first try of an assertion to end within 20 ms');
  });
});
