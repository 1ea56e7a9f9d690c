import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { BoundedLog } from '../../../src/adapters/processes/bounded-log.ts';
import { readLog } from '../../../src/adapters/processes/run-log.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import { test } from '../../support/fixtures.ts';

const limits = { maxBytes: 4000, headBytes: 500, tailBytes: 1500 };

const it = test.extend('path', ({ ownScratch }) => join(ownScratch, 'log.ndjson'));

const line = (number: number, length = 50): string => `${JSON.stringify({ number, filler: 'x'.repeat(length) })}\n`;
const numbers = (text: string): number[] =>
  [...text.matchAll(/^\{"number":(\d+),"filler":"x*"\}$/gm)].map((match) => Number(match[1]));
const omitted = (text: string): number[] => [...text.matchAll(/about (\d+) bytes/g)].map((match) => Number(match[1]));

describe('a log', () => {
  it('that fits is left alone', ({ path }) => {
    writeFileSync(path, line(1).repeat(50));
    const before = statSync(path);
    new BoundedLog(path, { clock, limits }).trim();
    expect(statSync(path)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
  });

  it('that is too long keeps whole lines of its beginning and its end', ({ path }) => {
    for (let number = 1; number <= 200; number += 1) appendFileSync(path, line(number));
    const { size } = statSync(path);
    const log = new BoundedLog(path, { clock, limits });
    log.trim();
    const text = readFileSync(path, 'utf8');
    const kept = numbers(text);
    expect(text.split('\n')).toHaveLength(kept.length + 2);
    expect([kept[0], kept.at(-1)]).toEqual([1, 200]);
    expect(text.length).toBeLessThanOrEqual(limits.headBytes + limits.tailBytes + 200);
    const marker = text.split('\n').find((entry) => entry.includes('removed')) ?? '';
    expect(omitted(text)).toEqual([size - (text.length - marker.length - 1)]);
    expect(JSON.parse(marker)).toMatchObject({ level: 40 });
    expect(log.shrunk.by).toBe(size - text.length);
  });

  it('is cut again and again, and counts all that was removed', ({ path }) => {
    const log = new BoundedLog(path, { clock, limits });
    let written = 0;
    for (let number = 1; number <= 2000; number += 1) {
      appendFileSync(path, line(number));
      written += line(number).length;
      log.trim();
    }
    const text = readFileSync(path, 'utf8');
    expect(text.length).toBeLessThanOrEqual(limits.maxBytes);
    expect(omitted(text)).toHaveLength(1);
    const kept = numbers(text).reduce((sum, number) => sum + line(number).length, 0);
    // Markers of earlier cuts were removed too.
    expect((omitted(text)[0] ?? 0) / (written - kept)).toBeCloseTo(1, 1);
    expect(numbers(text).slice(-5)).toEqual([1996, 1997, 1998, 1999, 2000]);
  });

  it('without a line break is cut all the same', ({ path }) => {
    writeFileSync(path, 'y'.repeat(50_000));
    new BoundedLog(path, { clock, limits }).trim();
    expect(statSync(path).size).toBeLessThan(limits.maxBytes);
  });

  it('that is gone is not made again', ({ path }) => {
    const log = new BoundedLog(path, { clock, limits });
    expect(() => log.trim()).toThrow(/ENOENT/);
    expect(existsSync(path)).toBe(false);
  });
});

it('a reader who follows a log through its cuts gets lines in order, none twice, and the last', async ({ path }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }), async (bursts) => {
      writeFileSync(path, '');
      const log = new BoundedLog(path, { clock, limits });
      let number = 0;
      const abort = new AbortController();
      const step = (): boolean => {
        const burst = bursts.shift();
        if (burst === undefined) return false;
        for (let count = 0; count < burst; count += 1) appendFileSync(path, line((number += 1)));
        log.trim();
        return true;
      };
      // Each question whether more may come is answered by more of it.
      const reading = { path, clock: { ...clock, sleep: async () => undefined }, signal: abort.signal, isLive: step };
      const pieces = await Array.fromAsync(readLog({ ...reading, shrunk: () => log.shrunk }));
      const got = numbers(Buffer.concat(pieces).toString());
      expect(got).toEqual([...new Set(got)].toSorted((a, b) => a - b));
      expect(got.at(-1)).toBe(number);
    }),
    { numRuns: 60 },
  );
});
