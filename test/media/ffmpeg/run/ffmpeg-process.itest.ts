import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/system-clock.ts';
import type { ProgressSample } from '../../../../src/media/ffmpeg/progress-parser.ts';
import { type FfmpegOutcome, type FfmpegRun, runFfmpeg } from '../../../../src/media/ffmpeg/run/ffmpeg-process.ts';
import { measureLoudness } from '../../../../src/media/filters/run/measure-loudness.ts';
import { ffmpeg, h264, never, tone, tools, video } from '../../../support/media-tools.ts';

/** Would take minutes. */
const endless = [...video(3600, '1920x1080'), '-c:v', 'libx264', '-preset', 'veryslow'];

describe('an FFmpeg process', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const settings = (argv: readonly string[], options: Partial<FfmpegRun> = {}): FfmpegRun => ({
    program: tools.ffmpeg,
    env: tools.env,
    argv,
    stallSeconds: 30,
    ffmpeg: [5, 1],
    backend: 'software',
    clock: systemClock,
    signal: never,
    ...options,
  });
  const run = (argv: readonly string[], options?: Partial<FfmpegRun>): Promise<FfmpegOutcome> =>
    runFfmpeg(settings(argv, options));

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-process-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('encodes and reports progress', async () => {
    const samples: ProgressSample[] = [];
    const onProgress = (sample: ProgressSample): void => void samples.push(sample);
    const outcome = await run([...video(2), ...h264, at('a.mp4')], { onProgress });
    expect((await stat(at('a.mp4'))).size).toBeGreaterThan(1000);
    expect(outcome).toMatchObject({ stderr: '', ignoredOptions: [] });
    expect(samples.at(-1)).toMatchObject({ end: true, frame: 50 });
    expect(samples.at(-1)?.outTimeSeconds).toBeCloseTo(2, 0);
  });

  it.each([
    ['an input that is not there', ['-i', 'file:/none.mp4', '-f', 'null', '-'], 'SOURCE_NOT_FOUND'],
    ['an unknown encoder', [...video(1), '-c:v', 'nope', '-f', 'null', '-'], 'CAPABILITY_MISSING'],
    ['an unknown filter', [...video(1), '-vf', 'nope', '-f', 'null', '-'], 'CAPABILITY_MISSING'],
    ['an unknown option', [...video(1), '-nope', '1', '-f', 'null', '-'], 'INTERNAL_ERROR'],
    ['Quick Sync without a GPU', [...video(1), '-c:v', 'h264_qsv', '-f', 'null', '-'], 'GPU_UNAVAILABLE'],
    [
      'a device that does not exist',
      ['-init_hw_device', 'vaapi=va:/dev/dri/none', ...video(1), '-f', 'null', '-'],
      'GPU_UNAVAILABLE',
    ],
    [
      'a protocol that is not allowed',
      ['-protocol_whitelist', 'file', '-i', 'http://127.0.0.1:1/a', '-f', 'null', '-'],
      'SOURCE_FORBIDDEN',
    ],
  ])('fails with a code for %s', async (_what, argv, code) => {
    await expect(run(argv, { backend: code.startsWith('GPU') ? 'qsv-encode' : 'software' })).rejects.toMatchObject({
      code,
    });
  });

  it('keeps its log, without the secrets in URLs', async () => {
    const argv = [
      '-protocol_whitelist',
      'file',
      '-i',
      'http://ann:pw@127.0.0.1:1/a?signature=SECRET',
      '-f',
      'null',
      '-',
    ];
    await expect(run(argv)).rejects.toMatchObject({
      stderr: expect.stringMatching(/^(?!.*(SECRET|pw@))[^]*127\.0\.0\.1/) as unknown,
    });
  });

  it('reports options that had no effect', async () => {
    const { ignoredOptions } = await run([...tone(1), '-preset', 'veryfast', '-c:a', 'aac', at('a.m4a')]);
    expect(ignoredOptions).toEqual(['preset']);
  });

  it('has ended when it was aborted, and rejects with the reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const onProgress = (): void => abort.abort(reason);
    await expect(run([...endless, at('b.mp4')], { signal: abort.signal, onProgress })).rejects.toBe(reason);
    await expect(run([...endless, at('c.mp4')], { signal: abort.signal })).rejects.toBe(reason);
    await expect(stat(at('c.mp4'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that ignores SIGTERM is killed', async () => {
    const program = join(import.meta.dirname, '../../../fixtures/deaf-ffmpeg.sh');
    await expect(run([], { program, signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await expect(run([], { program, stallSeconds: 0.2 })).rejects.toMatchObject({ code: 'FFMPEG_STALLED' });
  });

  it('that makes no progress is ended, and one that does is not', async () => {
    await expect(
      run(['-re', ...video(3), '-c:v', 'rawvideo', '-f', 'null', '-'], { stallSeconds: 1.5 }),
    ).resolves.toBeDefined();
    // Reads from a pipe on which nothing ever comes.
    await expect(run(['-f', 'h264', '-i', 'pipe:3', '-f', 'null', '-'], { stallSeconds: 0.5 })).rejects.toMatchObject({
      code: 'FFMPEG_STALLED',
    });
  });

  it('that cannot be started is a missing capability', async () => {
    await expect(run([], { program: '/no/such/ffmpeg' })).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
  });

  it('measures loudness', async () => {
    await ffmpeg(...tone(3), '-af', 'volume=-6dB', at('tone.wav'));
    const argv = ['-i', at('tone.wav'), '-af', 'loudnorm=print_format=json', '-f', 'null', '-'];
    const measured = await measureLoudness(settings(argv));
    expect(measured.integrated).toBeCloseTo(-27.8, 0);
    expect(measured.truePeak).toBeCloseTo(-24, 0);
  });

  it('measures silence as a number', async () => {
    const argv = ['-f', 'lavfi', '-i', 'anullsrc=duration=2', '-af', 'loudnorm=print_format=json', '-f', 'null', '-'];
    expect((await measureLoudness(settings(argv))).integrated).toBe(-99);
  });
});
