import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { test as base } from '../../support/fixtures.ts';
import { brightness, clipOf, difference, ffmpeg, grayFrames, lossless, probe, render } from '../../support/media.ts';

const whole = { x: 0, y: 0, width: 320, height: 180 };

// Brightness rises with time: 40 grey levels a second.
const rising = ['-vf', "geq=lum='16+40*T':cb=128:cr=128", '-g', '30', ...lossless];
const test = base.extend('clip', { scope: 'file' }, () =>
  clipOf({ seconds: 5, video: 'color=c=black', args: rising }, 'mkv'),
);

test.for(['jpeg', 'png', 'webp'] as const)(
  'a poster in %s shows the frame of its moment',
  async (format, { scratch, clip }) => {
    const { plan, path, output } = await render(scratch, {
      inputs: { clip },
      operations: [{ thumbnail: { poster: { at: 2.5, format } } }],
    });
    expect(plan.outputs).toHaveLength(1);
    expect(plan.steps).toHaveLength(1);
    const [video] = await grayFrames(path('poster'));
    const [frame] = (await grayFrames(clip)).slice(75);
    expect(difference(video, frame, whole)).toBeLessThan(3);
    expect((await probe(path('poster'))).video[0]).toMatchObject({
      codec: output().expect.videoCodec,
      width: 320,
      height: 180,
    });
  },
);

test('a poster of the very end is the last frame', async ({ scratch, clip }) => {
  const { path } = await render(scratch, {
    inputs: { clip },
    operations: [{ trim: { start: 1, end: 4 } }, { thumbnail: { poster: { at: 2.999, format: 'png' } } }],
    output: { video: { preset: 'performance' } },
  });
  const [video] = await grayFrames(path('poster'));
  const frame = (await grayFrames(clip))[119];
  expect(difference(video, frame, whole)).toBeLessThan(3);
});

test('a sprite sheet has one frame per interval, and its index points at them', async ({ scratch, clip }) => {
  const { plan, path } = await render(scratch, {
    inputs: { clip },
    operations: [{ thumbnail: { sprite: { interval: 0.7, width: 64, columns: 3 } } }],
  });
  expect(plan.outputs.map(({ name, kind }) => [name, kind])).toEqual([
    ['sprite', 'sprite'],
    ['sprite-index', 'vtt'],
  ]);
  expect((await probe(path('sprite'))).video[0]).toMatchObject({ width: 192, height: 108 });
  const [sheet] = await grayFrames(path('sprite'), 192, 108);
  const text = await readFile(path('sprite-index'), 'utf8');
  expect(text.startsWith('WEBVTT\n\n')).toBe(true);
  const cues = [...text.matchAll(/^([\d:.]+) --> ([\d:.]+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm)];
  expect(cues).toHaveLength(8);
  expect(cues[0]?.slice(1, 4)).toEqual(['00:00:00.000', '00:00:00.700', 'uid-1-sprite.jpg']);
  expect(cues[7]?.[2]).toBe('00:00:05.000');
  const seconds = (clock: string | undefined): number => Number(clock?.split(':')[2]);
  for (const [, from, to, , x, y, width, height] of cues) {
    const part = { x: Number(x), y: Number(y), width: Number(width), height: Number(height) };
    const middle = (seconds(from) + seconds(to)) / 2;
    const grey = brightness(sheet, part, 192);
    const expected = ((40 * middle) / 219) * 255;
    expect(Math.abs(grey - expected)).toBeLessThan(8);
  }
});

test.for(['gif', 'webp'] as const)('a preview in %s moves for its length', async (format, { scratch, clip }) => {
  const { path } = await render(scratch, {
    inputs: { clip },
    operations: [{ thumbnail: { preview: { start: 1, duration: 2, fps: 5, width: 160, format } } }],
  });
  const bytes = await readFile(path('preview'));
  if (format === 'gif') {
    const frames = await grayFrames(path('preview'), 160, 90);
    expect(frames).toHaveLength(10);
    expect(brightness(frames[9], { x: 0, y: 0, width: 160, height: 90 }, 160)).toBeGreaterThan(
      brightness(frames[0], { x: 0, y: 0, width: 160, height: 90 }, 160) + 50,
    );
    return;
  }
  // FFmpeg writes moving WebP and cannot read it, so its chunks are counted (RFC 9649).
  expect(bytes.subarray(8, 12).toString()).toBe('WEBP');
  expect(bytes.toString('latin1').split('ANMF').length - 1).toBe(10);
});

test('thumbnails beside a render come from the same process and the same point of the chain', async ({
  scratch,
  clip,
}) => {
  const { plan, path } = await render(scratch, {
    inputs: { clip },
    operations: [
      { thumbnail: { name: 'before', poster: { at: 4.5, format: 'png' } } },
      { trim: { start: 0, end: 2 } },
      { thumbnail: { name: 'after', poster: { at: 1, format: 'png' } } },
      { transcode: { rotate: 90 } },
    ],
    output: { video: { preset: 'performance' } },
  });
  expect(plan.steps).toHaveLength(1);
  expect(plan.outputs.map(({ name }) => name)).toEqual(['main', 'before', 'after']);
  const [before] = await grayFrames(path('before'));
  const [after] = await grayFrames(path('after'));
  expect(brightness(before, whole)).toBeGreaterThan(brightness(after, whole) + 120);
  expect((await probe(path('main'))).video[0]).toMatchObject({ width: 180, height: 320 });
});

test('a moment in a gap of a clip whose rate varies shows the frame that stands there', async ({ scratch, clip }) => {
  const sparse = `${scratch}/sparse.mkv`;
  await ffmpeg(
    '-i',
    clip,
    '-vf',
    "select='not(between(n,60,119))'",
    '-fps_mode',
    'vfr',
    '-an',
    ...lossless.slice(0, 6),
    sparse,
  );
  const { path } = await render(scratch, {
    inputs: { sparse },
    operations: [{ thumbnail: { poster: { at: 3, format: 'png' } } }],
  });
  const [video] = await grayFrames(path('poster'));
  const frame = (await grayFrames(clip))[59];
  expect(difference(video, frame, whole)).toBeLessThan(3);
});
