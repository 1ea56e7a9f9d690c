import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameAt, numberOf } from '../../demo/frames.ts';
import { renders } from '../../demo/renders.ts';
import { clip, makeSources, type Sources } from '../../demo/sources.ts';

let folder: string;
let sources: Sources;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'framewright-demo-test-'));
  sources = await makeSources(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the clip of the demo', () => {
  it.each([0, 1, 72, 255, 479])('carries the number of its frame %d', async (number) => {
    expect(numberOf(await frameAt(sources.clip, number))).toBe(number);
  });
});

describe('a render that changed nothing', () => {
  it.each(renders)('does not pass the checks of $title', async ({ check }) => {
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
