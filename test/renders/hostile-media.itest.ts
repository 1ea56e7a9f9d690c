import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors/error-table.ts';
import type { Probe } from '../../src/media/probe/probe.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import { makeHostileMedia } from '../support/hostile-media.ts';
import { difference, ffmpeg, grayFrames, probe, scratch } from '../support/media.ts';
import { describeOnSoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';
import { runStageOn, runWorkerOn, type WorkerRun } from '../support/worker-run.ts';

let dir: Awaited<ReturnType<typeof scratch>>;
let bench: Bench;
const at = (name: string): string => join(dir.path, name);

beforeAll(async () => {
  dir = await scratch();
  await makeHostileMedia(dir.path);
});
afterAll(() => dir[Symbol.asyncDispose]());
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const jobOn = (file: string, spec: Partial<StageSpec> = {}): StageSpec =>
  stageOf({
    inputs: [{ name: 'main', file }],
    output: { video: { preset: 'performance', quality: 12 } },
    stallSeconds: 20,
    timeoutSeconds: 90,
    ...spec,
  });
const run = (spec: StageSpec): Promise<WorkerRun> => runWorkerOn(bench, spec, { FRAMEWRIGHT_MEDIA_ROOT: dir.path });

/** A job that only copies streams. */
const copy = { operations: [], output: {} };
const blur = { operations: [{ blur: { regions: [{ x: 0, y: 0, width: 50, height: 50 }] } }] };

describe('a file that is not what its name suggests', () => {
  const rejections: readonly (readonly [
    what: string,
    file: string,
    ErrorCode,
    message: RegExp,
    Partial<StageSpec>?,
  ])[] = [
    ['that is empty', 'empty.mp4', 'INPUT_INVALID', /^Expected input main to be a media file, got an empty file$/],
    ['that lost its index', 'no-index.mp4', 'INPUT_INVALID', /moov atom not found/],
    ['with truncated media', 'cut.mp4', 'INPUT_INVALID', /corrupt input packet|partial file/],
    ['with truncated media, to be copied', 'cut.mp4', 'INPUT_INVALID', /corrupt input packet|partial file/, copy],
    [
      'that ends before its declared end',
      'cut.mkv',
      'INPUT_INVALID',
      /input main ends at 1\.\d+ s, and declares a duration of 2\.\d+ s/,
    ],
    [
      'that ends before its declared end, to be copied',
      'cut.mkv',
      'INPUT_INVALID',
      /input main ends at 1\.\d+ s/,
      copy,
    ],
    ['of noise', 'noise.mp4', 'INPUT_INVALID', /^Expected input main to be a media file, got: /],
    ['that is an archive', 'archive.mp4', 'INPUT_INVALID', /^Expected input main to be a media file, got: /],
    ['of words', 'words.mp4', 'INPUT_INVALID', /^Expected input main to be a media file, got: /],
    ['that is a web page', 'page.mp4', 'INPUT_INVALID', /^Expected input main to be a media file, got: /],
    ['that is a list of files', 'list.mp4', 'INPUT_UNSUPPORTED', /got a list or script of files$/],
    ['that is a playlist', 'playlist.mp4', 'INPUT_UNSUPPORTED', /got a list or script of files$/],
    ['that describes a session on the network', 'session.mp4', 'INPUT_UNSUPPORTED', /got a list or script of files$/],
    ['of subtitles', 'subtitles.mp4', 'INPUT_UNSUPPORTED', /expected video or audio, got a file with neither \(srt\)/],
    [
      'without video to blur',
      'tone.m4a',
      'INPUT_UNSUPPORTED',
      /^spec\.operations\[0\]\.blur: expected a video stream/,
      blur,
    ],
    [
      'with cover art instead of video to blur',
      'song.mp3',
      'INPUT_UNSUPPORTED',
      /expected a video stream, got a file without one/,
      blur,
    ],
    ['of concatenated transport streams', 'spliced.ts', 'INPUT_INVALID', /corrupt input packet/],
  ];

  for (const [what, file, code, message, spec = {}] of rejections) {
    it(`${what} is rejected with a clear message, and not retried`, async () => {
      const { result, keys } = await run(jobOn(file, spec));
      expect(result.error).toMatchObject({ code, message, remedy: /\S/ });
      expect(result.error?.message).not.toContain(dir.path.slice(1));
      expect(result.exitCode).toBeGreaterThanOrEqual(40);
      expect(keys).toEqual([]);
    });
  }
});

/** The measured output; `like` is a file whose frames it must show, after these filters. */
interface Outcome {
  readonly frames?: number;
  readonly seconds: number;
  readonly size?: readonly [width: number, height: number];
  readonly like?: readonly [file: string, filters?: string];
  readonly audio?: number | false;
}

async function expectOutcome(
  { result, path }: WorkerRun,
  { frames, seconds, size, like, audio }: Outcome,
): Promise<Probe> {
  expect(result.error).toBeUndefined();
  expect(result.checks?.filter(({ ok }) => !ok)).toEqual([]);
  const found = await probe(path());
  const [video] = found.video;
  if (frames !== undefined) expect(result.outputs?.[0]?.frames).toBe(frames);
  expect(Math.abs(found.duration - seconds), `${found.duration} s`).toBeLessThanOrEqual(0.1);
  if (size !== undefined) expect([video?.width, video?.height]).toEqual(size);
  if (audio !== undefined) expect(found.audio[0]?.channels ?? false).toBe(audio);
  if (like !== undefined) await expectLike(path(), like[0], like[1]);
  return found;
}

/** First, middle and last frame are those of the other file. */
async function expectLike(path: string, file: string, filters = 'null'): Promise<void> {
  const expected = `${path}.expected.mkv`;
  await ffmpeg('-noautorotate', '-i', at(file), '-an', '-vf', `${filters},format=gray`, '-c:v', 'ffv1', expected);
  const [wanted, got] = [await grayFrames(expected, 160, 90), await grayFrames(path, 160, 90)];
  expect(got).toHaveLength(wanted.length);
  const last = wanted.length - 1;
  for (const index of [0, Math.floor(last / 2), last]) {
    const far = difference(wanted[index], got[index], { x: 0, y: 0, width: 160, height: 90 }, 160);
    expect(far, `frame ${index}`).toBeLessThan(6);
  }
}

describe('a file with', () => {
  const size = [320, 180] as const;
  const like = ['clip.mp4'] as const;
  const rows: readonly (readonly [what: string, file: string, Outcome, Partial<StageSpec>?])[] = [
    ['audio alone', 'tone.m4a', { seconds: 2, audio: 1 }, { output: {} }],
    [
      'audio with cover art',
      'song.mp3',
      { seconds: 2, audio: 1 },
      { output: { container: 'mp4', audio: { codec: 'aac' } } },
    ],
    ['cover art before the video', 'covered.mp4', { frames: 50, seconds: 2, size, like, audio: 1 }],
    ['no audio', 'silent.mp4', { frames: 50, seconds: 2, size, audio: false }],
    ['one frame', 'one.mp4', { frames: 1, seconds: 0.04, size }],
    ['odd dimensions', 'odd.mp4', { frames: 25, seconds: 1, size: [318, 178], like: ['odd.mp4', 'crop=318:178:0:0'] }],
    ['odd dimensions, copied', 'odd.mp4', { frames: 25, seconds: 1, size: [319, 179] }, copy],
    ['one single pixel', 'dot.mkv', { frames: 10, seconds: 0.4, size: [2, 2] }],
    ['4:2:2 with ten bits', '422.mp4', { frames: 50, seconds: 2, size, like: ['422.mp4'] }],
    ['transparency', 'alpha.webm', { frames: 25, seconds: 1, size }],
    ['full range', 'full.avi', { frames: 25, seconds: 1, size, like: ['full.avi', 'scale=out_range=full'] }],
    ['a rate that varies', 'varying.mp4', { frames: 30, seconds: 2, size, like: ['varying.mp4'] }],
    ['fields', 'fields.mp4', { frames: 50, seconds: 2, size, like: ['fields.mp4', 'bwdif=send_frame'] }],
    ['six channels', 'six.mkv', { frames: 50, seconds: 2, audio: 6 }],
    ['six channels, converted to two', 'six.mkv', { seconds: 2, audio: 2 }, { output: { audio: { channels: 2 } } }],
    ['sixteen channels', 'sixteen.mkv', { frames: 50, seconds: 2, audio: 2 }],
    ['no length, as browsers record', 'recorded.webm', { frames: 50, seconds: 2, size }],
    [
      'no length, cut',
      'recorded.webm',
      { frames: 20, seconds: 0.8, size },
      { operations: [{ trim: { start: 0.4, end: 1.2 } }] },
    ],
    ['no container', 'raw.h264', { frames: 50, seconds: 2, size, like }],
    ['no container, copied', 'raw.h264', { frames: 50, seconds: 2, like }, copy],
    ['a start after five seconds', 'late.mkv', { seconds: 2, size, audio: 1 }],
    ['a start after five seconds, copied', 'late.mkv', { frames: 50, seconds: 2, audio: 1 }, copy],
    ['a start before 0', 'early.mp4', { frames: 40, seconds: 1.6, size, like: ['clip.mp4', 'trim=start_frame=10'] }],
    ['a gap of an hour', 'gap.mkv', { frames: 50, seconds: 3602, size }],
    ['frames in disorder', 'disordered.mkv', { frames: 50, seconds: 2, size }],
    ['frames without time stamps', 'packed.avi', { seconds: 2, size }],
    ['frames without time stamps, to be copied', 'packed.avi', { seconds: 2, size }, copy],
    ['headers that claim four hours', 'hours.mp4', { frames: 50, seconds: 2, size, like, audio: 1 }],
    ['headers that claim four hours, copied', 'hours.mp4', { frames: 50, seconds: 2, like, audio: 1 }, copy],
    [
      'headers that claim four hours, cut',
      'hours.mp4',
      { frames: 12, seconds: 0.48 },
      { operations: [{ trim: { start: 0.52, end: 1 } }] },
    ],
    ['megabytes of tags and thousands of chapters', 'bloated.mp4', { frames: 50, seconds: 2, size, like, audio: 1 }],
    ['frames that shrink in mid-stream', 'shrinking.mp4', { frames: 75, seconds: 3, size }],
    ['frames that shrink in mid-stream, in Matroska', 'shrinking.mkv', { frames: 75, seconds: 3, size }],
  ];

  for (const [what, file, outcome, spec = {}] of rows) {
    it(`${what} becomes a correct output`, async () => {
      await expectOutcome(await run(jobOn(file, spec)), outcome);
    });
  }

  it('frames that shrink are scaled to the size of the first', async () => {
    const { path } = await run(jobOn('shrinking.mp4'));
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=1', '-c:v', 'ffv1', at('small.mkv'));
    const frames = await grayFrames(path(), 160, 90);
    const whole = { x: 0, y: 0, width: 160, height: 90 };
    expect(difference((await grayFrames(at('clip.mp4'), 160, 90))[49], frames[49], whole, 160)).toBeLessThan(6);
    expect(difference((await grayFrames(at('small.mkv'), 160, 90))[24], frames[74], whole, 160)).toBeLessThan(8);
  });

  it('all audio tracks are kept when audio is copied, and the first when audio is changed', async () => {
    const encode: Partial<StageSpec> = { operations: [], output: { video: { quality: 20, preset: 'performance' } } };
    for (const spec of [copy, encode]) {
      const found = await probe((await run(jobOn('tracks.mkv', spec))).path());
      expect(found.audio).toHaveLength(2);
    }
    const { path } = await run(jobOn('tracks.mkv', { operations: [{ mute: { ranges: [{ start: 0, end: 0.5 }] } }] }));
    expect((await probe(path())).audio).toHaveLength(1);
  });

  it('a title of megabytes comes neither into the result nor into the report', async () => {
    const { report, result } = await run(jobOn('bloated.mp4'));
    expect(report.length).toBeLessThan(100_000);
    expect(JSON.stringify(result)).not.toContain('xxxx');
  });

  it('a name that FFmpeg would take for a series of files opens that file alone', async () => {
    await expectOutcome(await run(jobOn('%03d.mp4')), { frames: 50, seconds: 2, like });
  });
});

describe('thumbnails of a file', () => {
  const operations = [
    { thumbnail: { poster: {} } },
    { thumbnail: { sprite: {} } },
    { thumbnail: { preview: {} } },
    { thumbnail: { name: 'gif', preview: { format: 'gif' as const } } },
  ];

  it.each([
    ['one frame', 'one.mp4', [320, 180]],
    ['one image', 'cover.jpg', [64, 64]],
    ['one pixel', 'dot.mkv', [2, 2]],
    ['odd dimensions', 'odd.mp4', [318, 178]],
    ['a turn of 90 degrees', 'turn90.mp4', [180, 320]],
    ['no length', 'recorded.webm', [320, 180]],
    ['a gap of an hour', 'gap.mkv', [320, 180]],
    ['frames that shrink', 'shrinking.mp4', [320, 180]],
  ] as const)('with %s are all made', async (_what, file, [width, height]) => {
    const { result, path } = await run(jobOn(file, { operations, output: {} }));
    expect(result.error).toBeUndefined();
    expect(result.outputs).toMatchObject([
      { kind: 'image', width, height },
      { kind: 'sprite' },
      { kind: 'preview', width, height },
      { kind: 'preview', width, height },
      { kind: 'vtt' },
    ]);
    expect((await readFile(path('sprite-index'), 'utf8')).match(/#xywh=/g)?.length).toBeGreaterThanOrEqual(1);
  });

  it('with a gap of an hour show what moves before it, and what stands in it', async () => {
    const { path } = await run(jobOn('gap.mkv', { operations, output: {} }));
    const frames = await grayFrames(path('gif'), 160, 90);
    expect(frames).toHaveLength(30);
    expect(difference(frames[0], frames[9], { x: 0, y: 0, width: 160, height: 90 }, 160)).toBeGreaterThan(1);
    const [poster] = await grayFrames(path('poster'), 160, 90);
    const standing = (await grayFrames(at('clip.mp4'), 160, 90))[24];
    expect(difference(poster, standing, { x: 0, y: 0, width: 160, height: 90 }, 160)).toBeLessThan(4);
  });
});

describe('a file whose video must be rotated', () => {
  const turns: readonly (readonly [what: string, file: string, filters: string, width: number])[] = [
    ['by 90 degrees', 'turn90.mp4', 'transpose=clock', 180],
    ['by 180 degrees', 'turn180.mp4', 'hflip,vflip', 320],
    ['by 270 degrees', 'turn270.mp4', 'transpose=cclock', 180],
    ['as in a mirror', 'mirror.mp4', 'hflip', 320],
    ['upside down', 'upside-down.mp4', 'vflip', 320],
    ['along a diagonal', 'transposed.mp4', 'transpose=cclock_flip', 180],
    ['along the other diagonal', 'transversed.mp4', 'transpose=clock_flip', 180],
  ];

  it.each(turns)(
    '%s is turned once by encoding, and says so still when it is copied',
    async (_what, file, filters, width) => {
      const size = [width, 500 - width] as const;
      const found = await expectOutcome(await run(jobOn(file)), {
        frames: 50,
        seconds: 2,
        size,
        like: ['clip.mp4', filters],
      });
      expect(found.video[0]).toMatchObject({ rotation: 0 });
      expect(found.video[0]?.warped).toBeUndefined();
      const copied = await expectOutcome(await run(jobOn(file, copy)), { frames: 50, seconds: 2 });
      const [before] = (await probe(at(file))).video;
      expect(copied.video[0]).toMatchObject({ rotation: before?.rotation });
      expect(copied.video[0]?.warped).toBe(before?.warped);
    },
  );

  it('askew keeps its size', async () => {
    await expectOutcome(await run(jobOn('askew.mp4')), { frames: 50, seconds: 2, size: [320, 180] });
  });

  it('is encoded where the container cannot say how it is turned', async () => {
    const run1 = await run(jobOn('turn90.mp4', { operations: [], output: { container: 'mkv' } }));
    await expectOutcome(run1, { frames: 50, seconds: 2, like: ['clip.mp4', 'transpose=clock'] });
  });
});

describeOnSoftwareGpu('a hostile file on the GPU', (gpus) => {
  const onGpu = async (file: string, spec: Partial<StageSpec> = {}) => {
    const gpu = await gpus.create(dir.path);
    const output = { container: 'mp4', video: { codec: 'h264', preset: 'performance', bitrate: '4M' } } as const;
    const local = { ...bench, mediaRoot: dir.path };
    const result = await runStageOn(local, jobOn(file, { output, acceleration: 'Required', ...spec }), gpus, gpu);
    return { result, gpu, path: join(bench.objects, result.outputs?.[0]?.key ?? 'none') };
  };

  it.each([
    ['4:2:2 with ten bits', '422.mp4', 50, 'h264 in yuv422p10le is decoded by the CPU', ['422.mp4']],
    [
      '4:4:4 with odd dimensions',
      'odd.mp4',
      25,
      'h264 in yuv444p is decoded by the CPU',
      ['odd.mp4', 'crop=318:178:0:0'],
    ],
    ['a mirrored video', 'mirror.mp4', 50, /mirrored/, ['clip.mp4', 'hflip']],
    ['motion JPEG', 'full.avi', 25, /mjpeg in yuvj420p is decoded by the CPU/, ['full.avi', 'scale=out_range=full']],
  ] as const)('with %s is decoded by the CPU and encoded by the GPU', async (_what, file, frames, reason, like) => {
    const { result, path, gpu } = await onGpu(file);
    expect(result).toMatchObject({ exitCode: 0, acceleration: { backend: 'qsv-encode' }, outputs: [{ frames }] });
    expect(result.acceleration?.fallbacks).toHaveLength(1);
    expect(result.acceleration?.fallbacks[0]?.message).toMatch(reason);
    expect(eventsOf(await gpu.trace(), 'decode.init')).toEqual([]);
    await expectLike(path, like[0], like[1]);
  });

  it.each([
    ['odd dimensions', 'odd420.mp4', 25, ['odd420.mp4', 'crop=318:178:0:0']],
    ['a turn of 90 degrees', 'turn90.mp4', 50, ['clip.mp4', 'transpose=clock']],
    ['a turn of 180 degrees', 'turn180.mp4', 50, ['clip.mp4', 'hflip,vflip']],
    ['cover art before the video', 'covered.mp4', 50, ['clip.mp4']],
    ['a start before 0', 'early.mp4', 40, ['clip.mp4', 'trim=start_frame=10']],
    ['headers that claim four hours', 'hours.mp4', 50, ['clip.mp4']],
    ['megabytes of tags', 'bloated.mp4', 50, ['clip.mp4']],
    ['one frame', 'one.mp4', 1, ['one.mp4']],
    ['no container', 'raw.h264', 50, ['clip.mp4']],
  ] as const)('with %s stays in GPU memory', async (_what, file, frames, like: readonly string[]) => {
    const { result, path, gpu } = await onGpu(file);
    expect(result).toMatchObject({ exitCode: 0, acceleration: { backend: 'qsv-full' }, outputs: [{ frames }] });
    expect(eventsOf(await gpu.trace(), 'decode.init')).toHaveLength(1);
    await expectLike(path, like[0] ?? '', like[1]);
  });

  it('of a varying rate keeps all of its length, with FFmpeg 7.1 as well', async () => {
    const { result, path } = await onGpu('varying.mp4');
    expect(result).toMatchObject({ exitCode: 0, outputs: [{ frames: 30 }] });
    await expectLike(path, 'varying.mp4');
    const on = { FRAMEWRIGHT_FFMPEG: gpus.plain.ffmpeg, FRAMEWRIGHT_FFPROBE: gpus.plain.ffprobe };
    const software = await runWorkerOn(bench, jobOn('varying.mp4'), { FRAMEWRIGHT_MEDIA_ROOT: dir.path, ...on });
    expect(software.result).toMatchObject({ exitCode: 0, outputs: [{ frames: 30, durationSeconds: 1.96 }] });
  });

  it('that changes its size in mid-stream falls back to the decoder that can follow it', async () => {
    const { result, path } = await onGpu('shrinking.mp4');
    expect(result).toMatchObject({ exitCode: 0, acceleration: { backend: 'qsv-encode' }, outputs: [{ frames: 75 }] });
    const frames = await grayFrames(path, 160, 90);
    const whole = { x: 0, y: 0, width: 160, height: 90 };
    expect(difference((await grayFrames(at('clip.mp4'), 160, 90))[49], frames[49], whole, 160)).toBeLessThan(6);
  });

  it.each([
    ['cut off', 'cut.mp4', 'INPUT_INVALID'],
    ['empty', 'empty.mp4', 'INPUT_INVALID'],
    ['a list of files', 'list.mp4', 'INPUT_UNSUPPORTED'],
  ] as const)('that is %s is not blamed on the GPU', async (_what, file, code) => {
    const { result } = await onGpu(file);
    expect(result.error?.code).toBe(code);
  });
});
