import { describe, expect } from 'vitest';
import { test as base } from '../../support/fixtures.ts';
import { clipOf, frameHashes, lossless, makeClip, probe, render, samples } from '../../support/media.ts';

const test = base.extend('source', { scope: 'file' }, () => clipOf({ seconds: 6 }));

describe('copies', () => {
  test('a job without operations keeps every packet', async ({ scratch, source }) => {
    const { plan, path } = await render(scratch, { inputs: { clip: source } });
    expect(plan.backend).toBe('copy');
    expect(await frameHashes(path())).toEqual(await frameHashes(source));
  });

  test('a cut on key frames starts on the key frame before the start and copies', async ({ scratch, source }) => {
    const { plan, path, output } = await render(scratch, {
      inputs: { clip: source },
      operations: [{ trim: { start: 2.4, end: 4, precise: false } }],
    });
    expect(plan.backend).toBe('copy');
    const all = await frameHashes(source);
    const cut = await frameHashes(path());
    expect(cut[0]).toBe(all[60]);
    const measured = await probe(path());
    const { duration = 0, tolerance = 0 } = output().expect;
    expect(duration).toBeCloseTo(2, 3);
    expect(Math.abs(measured.duration - duration)).toBeLessThan(tolerance + 0.05);
  });
});

describe('exact trim', () => {
  test.for(['mkv', 'mp4'])(
    'starts on the asked frame and ends before the asked end in %s',
    async (container, { scratch }) => {
      const exact = await makeClip(`${scratch}/exact.${container}`, {
        seconds: 5,
        args: [...lossless, '-g', '48', '-strict', '-2'],
      });
      const { plan, path, output } = await render(scratch, {
        inputs: { clip: exact },
        operations: [{ trim: { start: 2.1, end: 3.5 } }],
        output: { video: { quality: 1, preset: 'performance' } },
      });
      expect(plan.steps).toHaveLength(1);
      const measured = await probe(path());
      expect(measured.duration).toBeCloseTo(1.4, 1);
      expect(output().expect.frames).toBe(42);
      expect(await frameHashes(path())).toHaveLength(42);
      const audio = await samples(path());
      expect(Math.abs(audio.length - 1.4 * 48_000)).toBeLessThanOrEqual(1);
      const whole = await samples(exact);
      const cut = whole.subarray(Math.round(2.1 * 48_000));
      expect(audio.slice(0, 1000)).toEqual(cut.slice(0, 1000));
    },
  );
});
