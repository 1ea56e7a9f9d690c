import { describe, expect } from 'vitest';
import { test } from '../support/fixtures.ts';
import {
  brightness,
  type ClipOptions,
  clipOf,
  difference,
  frameHashes,
  grayFrames,
  level,
  lossless,
  makeClip,
  probe,
  render,
  samples,
} from '../support/media.ts';

const whole = { x: 0, y: 0, width: 320, height: 180 };
const fine = { video: { quality: 1, preset: 'performance' } } as const;

function coloured(color: string, options: ClipOptions, extension = 'mp4'): Promise<string> {
  return clipOf({ video: `color=c=${color}`, ...options }, extension);
}

describe('speedRamp', () => {
  test('video and audio of a ramp end together, and marks stay in sync on the way', async ({ scratch }) => {
    // A white flash and a beep at 1, 2, 3, 4 and 5 seconds.
    const pulse = 'between(mod(t,1),0,0.1)*gte(t,0.9)';
    const clip = await makeClip(`${scratch}/pulse.mkv`, {
      seconds: 6,
      video: 'color=c=black',
      audio: `0.5*sin(2*PI*880*t)*${pulse}`,
      args: [
        '-vf',
        `geq=lum='16+219*${pulse.replaceAll('t', 'T').replaceAll('beTween', 'between').replaceAll('gTe', 'gte')}':cb=128:cr=128`,
        ...lossless,
      ],
    });
    const { path, plan } = await render(scratch, {
      inputs: { clip },
      operations: [
        {
          speedRamp: {
            segments: [
              { start: 0.5, end: 3.5, speed: 1, endSpeed: 3 },
              { start: 4, end: 5.5, speed: 0.5 },
            ],
          },
        },
      ],
      output: fine,
    });
    expect(plan.steps).toHaveLength(1);
    const frames = await grayFrames(path());
    const audio = await samples(path());
    const expected = 0.5 + (3 / 2) * Math.log(3) + 0.5 + 3 + 0.5;
    expect(plan.duration).toBeCloseTo(expected, 1);
    expect(Math.abs(frames.length / 30 - audio.length / 48_000)).toBeLessThan(1 / 30);
    expect(Math.abs(frames.length / 30 - expected)).toBeLessThan(1 / 30);
    const flashes = frames.flatMap((frame, index) =>
      brightness(frame, whole) > 128 && brightness(frames[index - 1] ?? frame, whole) < 128 ? [index / 30] : [],
    );
    const windows = Array.from({ length: Math.floor(audio.length / 240) }, (_, index) =>
      level(audio, index * 0.005, (index + 1) * 0.005),
    );
    const beeps = windows.flatMap((value, index) =>
      value > 0.1 && Math.max(...windows.slice(Math.max(0, index - 8), index), 0) < 0.1 ? [index * 0.005] : [],
    );
    expect(flashes).toHaveLength(5);
    expect(beeps).toHaveLength(5);
    for (const [index, flash] of flashes.entries()) expect(Math.abs(flash - (beeps[index] ?? 0))).toBeLessThan(0.06);
  });

  test('a constant speed of two keeps every second frame', async ({ scratch }) => {
    const clip = await makeClip(`${scratch}/fast.mkv`, { seconds: 2, args: lossless });
    const { path, output } = await render(scratch, {
      inputs: { clip },
      operations: [{ speedRamp: { segments: [{ start: 0, end: 2, speed: 2 }], audio: 'drop' } }],
      output: fine,
    });
    const before = await grayFrames(clip);
    const after = await grayFrames(path());
    expect(after).toHaveLength(30);
    expect(output().expect).toMatchObject({ frames: 30, audio: false });
    for (const index of [1, 14, 28]) {
      const nearest = before.map((frame) => difference(frame, after[index], whole));
      expect(Math.abs(nearest.indexOf(Math.min(...nearest)) - 2 * index)).toBeLessThanOrEqual(1);
    }
  });
});

describe('merge', () => {
  test('equal clips are joined by copy in the named order', async ({ scratch }) => {
    const inputs = {
      a: await makeClip(`${scratch}/a.mp4`, { seconds: 1, video: 'testsrc2' }),
      b: await makeClip(`${scratch}/b'; c.mp4`, { seconds: 2, video: 'testsrc' }),
    };
    const { plan, path, output } = await render(scratch, {
      inputs,
      operations: [{ merge: { append: ['b'], prepend: ['b'] } }],
    });
    expect(plan.backend).toBe('copy');
    expect(await frameHashes(path())).toEqual([
      ...(await frameHashes(inputs.b)),
      ...(await frameHashes(inputs.a)),
      ...(await frameHashes(inputs.b)),
    ]);
    const measured = await probe(path());
    expect(Math.abs(measured.duration - (output().expect.duration ?? 0))).toBeLessThan(
      0.05 + (output().expect.tolerance ?? 0),
    );
  });

  test('different clips become one in the format of the first, each with its full length and audio', async ({
    scratch,
  }) => {
    const inputs = {
      first: await coloured('gray', { seconds: 2, args: lossless, audio: '0.1' }, 'mkv'),
      tall: await coloured('white', {
        seconds: 1,
        size: '90x180',
        rate: '25',
        sampleRate: 44_100,
        channels: 'mono',
        audio: '0.2*sin(2*PI*440*t)',
      }),
      mute: await coloured('black', { seconds: 1, size: '640x360', rate: '60', audio: false }),
    };
    const { plan, path, output } = await render(scratch, {
      inputs,
      operations: [{ merge: { append: ['tall', 'mute'] } }],
      output: fine,
    });
    expect(plan.steps).toHaveLength(1);
    const frames = await grayFrames(path());
    expect(frames).toHaveLength(120);
    expect(output().expect).toMatchObject({ frames: 120, width: 320, height: 180 });
    expect(brightness(frames[59], whole)).toBeGreaterThan(100);
    expect(brightness(frames[60], { x: 140, y: 20, width: 40, height: 140 })).toBeGreaterThan(225);
    expect(brightness(frames[60], { x: 0, y: 0, width: 100, height: 180 })).toBeLessThan(20);
    expect(brightness(frames[90], whole)).toBeLessThan(20);
    const audio = await samples(path());
    expect(Math.abs(audio.length - 4 * 48_000)).toBeLessThanOrEqual(48);
    expect(level(audio, 0.1, 1.9)).toBeCloseTo(0.1, 2);
    expect(level(audio, 2.1, 2.9)).toBeCloseTo(0.2 / Math.SQRT2, 2);
    expect(level(audio, 3.1, 3.9)).toBeLessThan(0.001);
  });

  test('a transition overlaps neighbours and shortens the whole by its length', async ({ scratch }) => {
    const inputs = {
      dark: await coloured('black', { seconds: 2 }),
      light: await coloured('white', { seconds: 2 }),
      grey: await coloured('gray', { seconds: 2 }),
    };
    const { path } = await render(scratch, {
      inputs,
      operations: [{ merge: { append: ['light', 'grey'], transition: { type: 'fade', duration: 0.5 } } }],
      output: fine,
    });
    const frames = await grayFrames(path());
    expect(frames).toHaveLength(150);
    expect(brightness(frames[44], whole)).toBeLessThan(20);
    expect(Math.abs(brightness(frames[52], whole) - 126)).toBeLessThan(25);
    expect(brightness(frames[61], whole)).toBeGreaterThan(225);
    expect(Math.abs((await samples(path(), 48_000)).length / 48_000 - 5)).toBeLessThan(0.03);
  });
});

describe('a chain', () => {
  test('of four edits is one process whose effects are all there', async ({ scratch }) => {
    const clip = await makeClip(`${scratch}/chain.mkv`, { seconds: 5, args: lossless });
    const { plan, path, output } = await render(scratch, {
      inputs: { clip },
      operations: [
        { trim: { start: 1, end: 4 } },
        { blur: { regions: [{ x: 20, y: 20, width: 80, height: 60 }] } },
        { subtitle: { captions: [{ from: 0, to: 3000, text: 'Caption' }], style: { size: 12 } } },
        { speedRamp: { segments: [{ start: 0, end: 3, speed: 1.5 }] } },
      ],
      output: fine,
    });
    expect(plan.steps).toHaveLength(1);
    expect(plan.analyses).toHaveLength(0);
    const frames = await grayFrames(path());
    expect(frames).toHaveLength(60);
    expect(output().expect).toMatchObject({ frames: 60, duration: 2 });
    const before = await grayFrames(clip);
    expect(difference(before[30], frames[0], { x: 150, y: 0, width: 170, height: 100 })).toBeLessThan(1.5);
    expect(difference(before[30], frames[0], { x: 30, y: 30, width: 60, height: 40 })).toBeGreaterThan(5);
    expect(difference(before[30], frames[0], { x: 80, y: 140, width: 160, height: 35 })).toBeGreaterThan(5);
  });
});

test('a transition keeps its audio when the last clip is read first', async ({ scratch }) => {
  const clip = await makeClip(`${scratch}/again.mp4`, { seconds: 1.5 });
  const { path, plan } = await render(scratch, {
    inputs: { clip },
    operations: [
      { thumbnail: { sprite: {} } },
      { merge: { prepend: ['clip', 'clip'], transition: { type: 'fade', duration: 0.3 } } },
    ],
    output: fine,
  });
  expect(plan.steps).toHaveLength(1);
  expect(Math.abs((await samples(path('main'), 48_000)).length / 48_000 - 3.9)).toBeLessThan(0.03);
});
