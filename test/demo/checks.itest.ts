import { describe, expect } from 'vitest';
import { frameAt, numberOf } from '../../demo/frames.ts';
import { renders } from '../../demo/renders.ts';
import { clip, makeSources } from '../../demo/sources.ts';
import { test } from '../support/fixtures.ts';

const it = test.extend('sources', { scope: 'file' }, ({ scratch }) => makeSources(scratch));

describe('the clip of the demo', () => {
  it.for([0, 1, 72, 255, 479])('carries the number of its frame %d', async (number, { sources }) => {
    expect(numberOf(await frameAt(sources.clip, number))).toBe(number);
  });
});

describe('a render that changed nothing', () => {
  it.for(renders)('does not pass the checks of $title', async ({ check }, { sources }) => {
    const checks = await check(sources.clip, sources, 2);
    const failed = checks.filter(({ ok }) => !ok);
    // One effect, one failing check at least; a chain of four misses all four.
    expect(failed.length, JSON.stringify(checks)).toBeGreaterThanOrEqual(1);
    for (const { figures } of failed) expect(figures).toMatch(/expected .* measured /);
  });

  it('is as long as it says', () => {
    expect(clip.seconds).toBeGreaterThanOrEqual(20);
  });
});
