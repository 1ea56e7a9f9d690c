import { describe, expect } from 'vitest';
import { test as base } from '../support/fixtures.ts';
import { clipOf, ffmpeg, frameHashes, level, lossless, makeClip, probe, render, samples } from '../support/media.ts';

const rate = 48_000;

const test = base
  .extend('clip', { scope: 'file' }, () => clipOf({ seconds: 3, args: lossless }, 'mkv'))
  .extend('beep', { scope: 'file' }, async ({ scratch }) => {
    const path = `${scratch}/beep.flac`;
    await ffmpeg('-f', 'lavfi', '-i', 'aevalsrc=0.25:s=44100:d=0.5', path);
    return path;
  });

describe('mute', () => {
  test('ranges are silent to the sample and every other sample is untouched', async ({ scratch, clip }) => {
    const ranges = [
      { start: 0.5004, end: 1.2345 },
      { start: 2.1, end: 2.3 },
      { start: 2.2, end: 2.5 },
    ];
    const { plan, path } = await render(scratch, { inputs: { clip }, operations: [{ mute: { ranges } }] });
    expect(plan.backend).toBe('copy');
    const before = await samples(clip);
    const after = await samples(path());
    expect(after).toHaveLength(before.length);
    const silent = (index: number): boolean =>
      ranges.some(({ start, end }) => index >= Math.round(start * rate) && index < Math.round(end * rate));
    const wrong = after.findIndex((value, index) => value !== (silent(index) ? 0 : before[index]));
    expect(wrong).toBe(-1);
    expect(await frameHashes(path())).toEqual(await frameHashes(clip));
  });

  test('without ranges the audio is left out and the video copied', async ({ scratch, clip }) => {
    const { plan, path } = await render(scratch, { inputs: { clip }, operations: [{ mute: {} }] });
    expect(plan.backend).toBe('copy');
    expect((await probe(path())).audio).toHaveLength(0);
    expect(await frameHashes(path())).toEqual(await frameHashes(clip));
  });

  test('a clip without audio is copied unchanged', async ({ scratch }) => {
    const silent = await makeClip(`${scratch}/silent.mp4`, { seconds: 1, audio: false });
    const { plan, path } = await render(scratch, {
      inputs: { silent },
      operations: [{ mute: { ranges: [{ start: 0, end: 1 }] } }],
    });
    expect(plan.backend).toBe('copy');
    expect(await frameHashes(path())).toHaveLength(30);
  });
});

describe('addAudio', () => {
  test('mix adds the audio at its offset and keeps the present audio elsewhere', async ({ scratch, clip, beep }) => {
    const { plan, path } = await render(scratch, {
      inputs: { clip, beep },
      operations: [{ addAudio: { input: 'beep', offset: 1 } }],
    });
    expect(plan.backend).toBe('copy');
    const before = await samples(clip);
    const after = await samples(path());
    expect(after).toHaveLength(before.length);
    const added = after.map((value, index) => value - (before[index] ?? 0));
    expect(level(added, 0, 0.99)).toBeLessThan(0.0001);
    expect(level(added, 1.02, 1.48)).toBeCloseTo(0.25, 2);
    expect(level(added, 1.52, 3)).toBeLessThan(0.0001);
  });

  test('replace drops the present audio, loops and fades', async ({ scratch, clip, beep }) => {
    const { path } = await render(scratch, {
      inputs: { clip, beep },
      operations: [{ addAudio: { input: 'beep', mode: 'replace', loop: true, volume: 2, fadeIn: 0.5, fadeOut: 0.5 } }],
    });
    const after = await samples(path(), rate);
    expect(after.length / rate).toBeCloseTo(3, 2);
    expect(level(after, 0.24, 0.26)).toBeCloseTo(0.25, 1);
    expect(level(after, 1, 2)).toBeCloseTo(0.5, 2);
    expect(level(after, 2.98, 3)).toBeLessThan(0.05);
  });

  test('mix into a clip without audio is the added audio alone, with silence up to the end', async ({
    scratch,
    beep,
  }) => {
    const silent = await makeClip(`${scratch}/quiet.mp4`, { seconds: 2, audio: false });
    const { plan, path } = await render(scratch, {
      inputs: { silent, beep },
      operations: [{ addAudio: { input: 'beep' } }],
    });
    expect(plan.backend).toBe('copy');
    const after = await samples(path(), rate);
    expect(level(after, 0.05, 0.45)).toBeCloseTo(0.25, 1);
    expect(level(after, 0.6, 1.9)).toBeLessThan(0.001);
    expect((await probe(path())).duration).toBeCloseTo(2, 1);
  });
});

describe('normalizeLoudness', () => {
  test('the audio as it is at that point reaches the target', async ({ scratch }) => {
    const loud = await makeClip(`${scratch}/loud.mkv`, { seconds: 8, audio: '0.05*sin(2*PI*1000*t)', args: lossless });
    const { plan, path, measurements, output } = await render(scratch, {
      inputs: { loud },
      operations: [{ trim: { start: 1, end: 7 } }, { normalizeLoudness: { integrated: -20 } }],
      output: { video: { preset: 'performance' } },
    });
    expect(Object.keys(measurements)).toEqual(['operation-1']);
    expect(plan.analyses).toHaveLength(0);
    expect(output().expect.loudness).toBe(-20);
    const said = await ffmpeg('-v', 'info', '-i', path(), '-af', 'ebur128', '-f', 'null', '-');
    const integrated = Number(/Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS/.exec(said)?.[1]);
    expect(integrated).toBeCloseTo(-20, 0);
  });
});

describe('a change of channels', () => {
  /** Strength of one tone in a signal, by the Goertzel algorithm. */
  const strength = (signal: Float32Array, hertz: number): number => {
    const step = 2 * Math.cos((2 * Math.PI * hertz) / rate);
    let [one, two] = [0, 0];
    for (const value of signal) [one, two] = [value + step * one - two, one];
    return (2 * Math.sqrt(one * one + two * two - step * one * two)) / signal.length;
  };
  /** A second of tones, each channel with a pitch of its own. */
  const surround = async (folder: string, layout: string, count: number, level: number): Promise<string> => {
    const path = `${folder}/${layout}-${count}-${level}.mkv`;
    const voices = Array.from({ length: count }, (_, index) => `${level}*sin(2*PI*${200 * (index + 1)}*t)`).join('|');
    const args = ['-f', 'lavfi', '-i', `aevalsrc=${voices}:c=${layout}:s=${rate}:d=1`];
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=25:d=1', ...args, ...lossless, path);
    return path;
  };
  const half = Math.SQRT1_2;

  test.for([
    // Left, right, centre, low frequencies, then the channels behind and beside.
    ['5.1 to two', '5.1', 6, 2, [1, 0, half, 0, half, 0]],
    ['5.1(side) to two', '5.1(side)', 6, 2, [1, 0, half, 0, half, 0]],
    ['7.1 to two', '7.1', 8, 2, [1, 0, half, 0, half, 0, half, 0]],
    ['two to one', 'stereo', 2, 1, [1, 1]],
    ['5.1 to one', '5.1', 6, 1, [1, 1, Math.SQRT2, 0, half, half]],
  ] as const)(
    '%s keeps the shares of BS.775 and does not clip',
    async ([_what, layout, count, channels, shares], { scratch }) => {
      const source = await surround(scratch, layout, count, 0.99);
      const { path } = await render(scratch, { inputs: { source }, output: { audio: { codec: 'flac', channels } } });
      const mixed = await samples(path());
      const total = shares.reduce((sum: number, share) => sum + share, 0);
      for (const [index, share] of shares.entries()) {
        expect(strength(mixed, 200 * (index + 1)), `channel ${index}`).toBeCloseTo((0.99 * share) / total, 2);
      }
    },
  );
});
