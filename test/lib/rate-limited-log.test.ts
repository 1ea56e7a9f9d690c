import { describe, expect, it } from 'vitest';
import { RateLimitedLog } from '../../src/lib/rate-limited-log.ts';

describe('a rate-limited log', () => {
  it('writes each warning once a minute, with the number of suppressed ones', () => {
    const lines: [string, object][] = [];
    let now = 0;
    const log = new RateLimitedLog(
      { info: () => undefined, warn: (fields, message) => void lines.push([message, fields]) },
      () => now,
    );
    for (; now < 59_000; now += 10) log.warn('it rains', { at: now });
    log.warn('it pours', {});
    now = 60_000;
    log.warn('it rains', { at: now });
    expect(lines).toEqual([
      ['it rains', { at: 0 }],
      ['it pours', {}],
      ['it rains', { at: 60_000, suppressed: 5899 }],
    ]);
  });
});
