import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/model/job/operations.ts';
import { decodedFrames } from '../support/decoded-frames.ts';
import {
  brightness,
  difference,
  ffmpeg,
  grayFrames,
  level,
  lossless,
  makeClip,
  render,
  samples,
  scratch,
} from '../support/media.ts';

let dir: Awaited<ReturnType<typeof scratch>>;
const whole = { x: 0, y: 0, width: 320, height: 180 };
const fine = { video: { quality: 1, preset: 'performance' } } as const;

beforeAll(async () => {
  dir = await scratch();
});
afterAll(async () => dir[Symbol.asyncDispose]());

/** Moments at which frames become bright. */
function flashes(frames: readonly Buffer[], rate = 30): number[] {
  const bright = frames.map((frame) => brightness(frame, whole) > 128);
  return bright.flatMap((on, index) => (on && bright[index - 1] !== true ? [index / rate] : []));
}

/** Times at which audio begins after at least 50 ms of silence. */
function onsets(signal: Float32Array): number[] {
  const loud = Array.from(
    { length: Math.floor(signal.length / 48) },
    (_, at) => level(signal, at / 1000, (at + 1) / 1000) > 0.1,
  );
  return loud.flatMap((on, at) => (on && !loud.slice(Math.max(0, at - 50), at).includes(true) ? [at / 1000] : []));
}

/** Frequency of a tone in a part of a signal, by counting where it rises through zero. */
function pitch(signal: Float32Array, from: number, to: number): number {
  const part = signal.subarray(Math.round(from * 48_000), Math.round(to * 48_000));
  const rises = part.reduce<number[]>((found, value, index) => {
    if (index > 0 && value >= 0 && (part[index - 1] ?? 0) < 0) found.push(index);
    return found;
  }, []);
  return ((rises.length - 1) * 48_000) / ((rises.at(-1) ?? 0) - (rises[0] ?? 0));
}

describe('a speed ramp', () => {
  const segments = [
    { start: 0.5, end: 3.5, speed: 1, endSpeed: 3 },
    { start: 4, end: 5.5, speed: 0.5 },
    { start: 5.5, end: 6.5, speed: 2.5, endSpeed: 0.8 },
  ];

  /** The speed at a time, and the new time of a time by adding up slices of a tenth of a millisecond. */
  const speedAt = (moment: number): number => {
    const segment = segments.find(({ start, end }) => moment >= start && moment < end);
    if (segment === undefined) return 1;
    const { start, end, speed, endSpeed = speed } = segment;
    return speed + ((endSpeed - speed) * (moment - start)) / (end - start);
  };
  const outputTimeOf = (moment: number): number => {
    const slice = 1e-4;
    const count = Math.round(moment / slice);
    return Array.from({ length: count }, (_, index) => slice / speedAt((index + 0.5) * slice)).reduce(
      (a, b) => a + b,
      0,
    );
  };

  test('puts every mark where a numeric integral puts it, and keeps the pitch', async () => {
    const marks = [1, 2, 3, 4, 5, 6];
    const pulse = 'lt(mod(t+0.001,1),0.3)*gte(t,0.9)*lt(t,6.9)';
    const clip = await makeClip(`${dir.path}/marks.mkv`, {
      seconds: 7,
      video: 'color=c=black',
      audio: `0.5*sin(2*PI*880*t)*${pulse}`,
      args: ['-vf', `geq=lum='16+219*lt(mod(T+0.001,1),0.3)*gte(T,0.9)':cb=128:cr=128`, ...lossless],
    });
    const { path, plan } = await render(dir.path, {
      inputs: { clip },
      operations: [{ speedRamp: { segments } }],
      output: fine,
    });
    const frames = await grayFrames(path());
    const signal = await samples(path(), 48_000);
    const end = outputTimeOf(7);
    expect(Math.abs(plan.duration - end)).toBeLessThan(0.001);
    expect(Math.abs(frames.length / 30 - end)).toBeLessThan(1 / 30);
    expect(Math.abs(signal.length / 48_000 - frames.length / 30)).toBeLessThan(1 / 30);
    const seen = flashes(frames);
    const heard = onsets(signal);
    expect(seen).toHaveLength(marks.length);
    expect(heard).toHaveLength(marks.length);
    for (const [index, mark] of marks.entries()) {
      const expected = outputTimeOf(mark);
      // A frame is shown up to half a frame from where it belongs, and was taken up to one after the mark.
      expect(Math.abs((seen[index] ?? 0) - expected)).toBeLessThan(1.5 / 30);
      // Stretching repeats or skips parts of a window of 50 ms, and fades hide the first of a tone.
      expect(Math.abs((heard[index] ?? 0) - expected)).toBeLessThan(0.05);
      const heardEnd = outputTimeOf(mark + 0.3);
      expect(Math.abs(pitch(signal, expected + 0.04, heardEnd - 0.03) / 880 - 1)).toBeLessThan(0.01);
    }
  });
});

describe('a time window on a varying rate', () => {
  const [from, to] = [0.7, 1.4];
  const right = { x: 160, y: 0, width: 160, height: 180 };

  /** A clip whose frames stand at uneven moments, one of them at either end of the window. */
  async function uneven(): Promise<string> {
    const keep = "select='not(eq(mod(n,7),1)+eq(mod(n,7),2)+eq(mod(n,7),4))'";
    return makeClip(`${dir.path}/uneven.mp4`, {
      seconds: 2.5,
      rate: '30',
      args: ['-vf', keep, '-fps_mode', 'vfr', ...lossless.filter((word) => word !== 'flac' && word !== '-c:a'), '-an'],
      audio: false,
    });
  }

  /** The moments of frames of which the right half has changed, and of those of which it has not. */
  async function touched(clip: string, operation: Operation): Promise<{ moments: number[]; touched: boolean[] }> {
    const inputs = { clip, logo: `${dir.path}/logo.png` };
    await ffmpeg('-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', '1', inputs.logo);
    const { path } = await render(dir.path, { inputs, operations: [operation], output: fine });
    const moments = (await decodedFrames(clip)).map(({ time }) => time);
    const now = (await decodedFrames(path())).map(({ time }) => time);
    expect(now).toHaveLength(moments.length);
    for (const [index, moment] of moments.entries()) expect(now[index]).toBeCloseTo(moment, 3);
    const [before, after] = [await grayFrames(clip), await grayFrames(path())];
    return { moments, touched: before.map((frame, index) => difference(frame, after[index], right) > 1.2) };
  }

  test.for<[string, Operation]>([
    ['a blur', { blur: { regions: [{ x: 160, y: 0, width: 160, height: 180, start: from, end: to, strength: 100 }] } }],
    ['a watermark', { watermark: { input: 'logo', position: 'right', start: from, end: to } }],
    [
      'a burnt caption',
      {
        subtitle: {
          captions: [{ from: from * 1000, to: to * 1000, text: 'MMMMMMMMMMMM' }],
          mode: 'burn',
          style: { size: 40, position: 'middle' },
        },
      },
    ],
  ])('%s is on the frames from its start up to its end and on no others', async ([, operation]) => {
    const { moments, touched: changed } = await touched(await uneven(), operation);
    expect(moments.some((moment) => Math.abs(moment - from) < 0.001)).toBe(true);
    expect(moments.some((moment) => Math.abs(moment - to) < 0.001)).toBe(true);
    expect(changed).toEqual(moments.map((moment) => moment >= from - 0.0005 && moment < to - 0.0005));
  });
});

describe('a merge of clips that have nothing in common', () => {
  test('with transitions has every clip at its time to the frame, and its audio', async () => {
    const tone = '0.4*sin(2*PI*440*t)';
    const flat = (name: string, level: number, options: Parameters<typeof makeClip>[1]) =>
      makeClip(`${dir.path}/${name}`, { video: `color=c=0x${level.toString(16).repeat(3)}`, ...options });
    const upright = await flat('upright.mp4', 0xc0, { seconds: 2, size: '180x320', rate: '25', audio: tone });
    const turned = `${dir.path}/turned.mp4`;
    await ffmpeg('-i', upright, '-c', 'copy', '-metadata:s:v', 'rotate=90', turned);
    const inputs = {
      first: await flat('first.mp4', 0x40, { seconds: 2, audio: tone }),
      turned,
      silent: await flat('silent.mkv', 0x80, {
        seconds: 2,
        size: '160x180',
        rate: '24000/1001',
        audio: false,
        args: ['-vf', 'setsar=2/1', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
      }),
      hdr: await flat('hdr.mp4', 0xc0, {
        seconds: 2,
        audio: tone,
        sampleRate: 44_100,
        channels: 'mono',
        args: [
          '-vf',
          'setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv',
          '-c:v',
          'libx265',
          '-pix_fmt',
          'yuv420p10le',
          '-tag:v',
          'hvc1',
          '-c:a',
          'aac',
          '-x265-params',
          'log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited',
        ],
      }),
    };
    const { path, output } = await render(dir.path, {
      inputs,
      operations: [{ merge: { append: ['turned', 'silent', 'hdr'], transition: { type: 'fade', duration: 0.4 } } }],
      output: fine,
    });
    // Four clips of 60 frames, of which three transitions take 12 frames each.
    const frames = await grayFrames(path());
    expect(frames).toHaveLength(4 * 60 - 3 * 12);
    expect(output().expect).toMatchObject({ frames: 204, width: 320, height: 180 });
    const middle = { x: 150, y: 80, width: 20, height: 20 };
    const values = frames.map((frame) => brightness(frame, middle));
    const steady = (from: number, to: number): number[] => values.slice(from, to);
    /** Clip n begins at frame 48 n; the first and last 12 frames of it are shared. */
    for (const [clip, [from, to]] of [
      [0, 47],
      [61, 95],
      [109, 143],
      [157, 203],
    ].entries()) {
      const part = steady(from ?? 0, to ?? 0);
      expect(Math.max(...part) - Math.min(...part), `clip ${clip}`).toBeLessThan(2);
    }
    // Each transition begins on the frame after the last steady one and changes all the way.
    for (const [start, up] of [
      [48, true],
      [96, false],
    ] as const) {
      const fade = values.slice(start, start + 13);
      for (let index = 1; index < fade.length; index += 1)
        expect(((fade[index] ?? 0) - (fade[index - 1] ?? 0)) * (up ? 1 : -1)).toBeGreaterThan(-0.5);
      expect(Math.abs((fade[12] ?? 0) - (fade[0] ?? 0))).toBeGreaterThan(30);
    }
    const signal = await samples(path(), 48_000);
    expect(Math.abs(signal.length / 48_000 - 6.8)).toBeLessThan(1 / 30);
    const loud = 0.4 / Math.SQRT2;
    expect(level(signal, 0.2, 1.5)).toBeCloseTo(loud, 1);
    expect(level(signal, 2.1, 3.1)).toBeCloseTo(loud, 1);
    expect(level(signal, 3.65, 4.75)).toBeLessThan(0.002);
    expect(level(signal, 5.3, 6.7)).toBeCloseTo(loud, 1);
    // Audio fades out with its video.
    expect(level(signal, 3.3, 3.5)).toBeGreaterThan(0.02);
    expect(level(signal, 3.3, 3.5)).toBeLessThan(loud * 0.7);
  });
});
