import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutputContract } from '../../src/model/job/output-contract.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { StageResult } from '../../src/model/status/result.ts';
import { scratch } from '../support/media.ts';
import { describeOnSoftwareGpu } from '../support/software-gpu.ts';
import { type Bench, createBench, makeClip, stageOf } from '../support/worker-harness.ts';
import { runStageOn, runWorkerOn } from '../support/worker-run.ts';

let dir: Awaited<ReturnType<typeof scratch>>;
let bench: Bench;
beforeAll(async () => {
  dir = await scratch();
  await makeClip(join(dir.path, 'clip.mp4'), 2);
  await makeClip(join(dir.path, 'long.mp4'), 8);
});
afterAll(() => dir[Symbol.asyncDispose]());
beforeEach(async () => {
  bench = await createBench();
  for (const name of ['clip.mp4', 'long.mp4']) execFileSync('cp', [join(dir.path, name), bench.objects]);
});
afterEach(() => bench.close());

const figure = ({ checks }: StageResult, name: 'ssim' | 'xpsnr'): number =>
  Number.parseFloat(checks?.find((check) => check.name === name)?.measured ?? '');

describe('a floor of likeness', () => {
  const good = { minSsim: 0.97 } satisfies OutputContract;
  const jobs: readonly (readonly [what: string, Partial<StageSpec>])[] = [
    ['an encode of everything', {}],
    [
      'another size, rate and shape',
      { output: { video: { resolution: { width: 200, height: 200 }, fps: 10, preset: 'performance' } } },
    ],
    ['a cut between key frames', { operations: [{ trim: { start: 0.52, end: 1.32 } }] }],
    ['a change of speed', { operations: [{ speedRamp: { segments: [{ start: 0, end: 2, speed: 1, endSpeed: 3 }] } }] }],
    ['ten bits', { output: { container: 'mkv', video: { codec: 'hevc', bitDepth: 10, preset: 'performance' } } }],
  ];

  it.each(jobs)('is measured against the filtered source: %s', async (_what, { operations, output }) => {
    const spec = stageOf({ ...(operations && { operations }) });
    const { result } = await runWorkerOn(bench, { ...spec, output: { ...spec.output, ...output, contract: good } });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(figure(result, 'ssim')).toBeGreaterThanOrEqual(0.97);
    expect(figure(result, 'ssim')).toBeLessThan(1);
  });

  it('fails the job with its figures and a remedy, and nothing is published', async () => {
    const output = { video: { quality: 51, preset: 'performance' }, contract: { minSsim: 0.99 } } as const;
    const { status, result, keys } = await runWorkerOn(bench, stageOf({ output }));
    expect({ status, code: result.error?.code, keys }).toEqual({
      status: 16,
      code: 'OUTPUT_CONTRACT_FAILED',
      keys: [],
    });
    expect(result.error?.message).toMatch(
      /^The output main failed its checks: ssim: expected at least 0.99, got 0\.[0-8]\d+$/,
    );
    expect(result.error?.remedy).toMatch(/lower output\.video\.quality.*or lower the floor/);
    expect(result.checks).toContainEqual(expect.objectContaining({ name: 'ssim', ok: false }));
  });

  it('holds for copied video without a measurement', async () => {
    const output = { contract: { minSsim: 1 } };
    const { result } = await runWorkerOn(bench, stageOf({ operations: [{ mute: {} }], output }));
    expect(result.acceleration?.backend).toBe('copy');
    expect(result.checks).toContainEqual(
      expect.objectContaining({ name: 'ssim', ok: true, measured: 'identical video: it was copied' }),
    );
  });

  it('is measured where only the head and tail of a cut are encoded', async () => {
    const inputs = [{ name: 'main', asset: 'long.mp4' }];
    const operations = [{ trim: { start: 0.52, end: 7.32 } }];
    const { result } = await runWorkerOn(bench, stageOf({ inputs, operations, output: { contract: good } }));
    expect(result).toMatchObject({ exitCode: 0, precision: { method: 'smart-cut' } });
    expect(figure(result, 'ssim')).toBeGreaterThan(0.99);
    expect(figure(result, 'ssim')).toBeLessThan(1);
  });

  it('is measured for each video of an HLS ladder', async () => {
    const renditions = [{ name: 'large' }, { name: 'small', video: { resolution: { height: 90 } } }];
    const output = { container: 'hls', video: { preset: 'performance' }, renditions, contract: good } as const;
    const { result, report } = await runWorkerOn(bench, stageOf({ output: { ...output, renditions } }));
    expect(result).toMatchObject({ exitCode: 0 });
    const passed = report.match(/"name":"ssim","ok":true,"expected":"at least 0.97","measured":"0.9[789]\d\d"/g);
    expect(new Set(passed).size).toBe(2);
  });

  it('is checked for every rendition, and not for thumbnails and audio', async () => {
    const { result } = await runWorkerOn(
      bench,
      stageOf({
        operations: [{ thumbnail: { poster: {} } }],
        output: {
          video: { preset: 'performance' },
          renditions: [
            { name: 'small', video: { resolution: { height: 90 } } },
            { name: 'voice', video: { codec: 'none' } },
          ],
          contract: good,
        },
      }),
    );
    expect(result.outputs?.map(({ name }) => name)).toEqual(['small', 'voice', 'poster']);
    expect(result.checks?.filter(({ name }) => name === 'ssim')).toHaveLength(1);
  });
});

describeOnSoftwareGpu('a floor of XPSNR', (gpus) => {
  const on = (tools: { readonly ffmpeg: string; readonly ffprobe: string }): Record<string, string> => ({
    FRAMEWRIGHT_FFMPEG: tools.ffmpeg,
    FRAMEWRIGHT_FFPROBE: tools.ffprobe,
  });
  const output = { video: { preset: 'performance' }, contract: { minXpsnr: 30, minSsim: 0.95 } } as const;

  it('is measured with FFmpeg 7.1 and worse for fewer bits', async () => {
    const poor = { ...output, video: { ...output.video, quality: 45 } } as const;
    const coarse = await runWorkerOn(bench, stageOf({ output: poor }), on(gpus.plain));
    const message = /xpsnr: expected at least 30 dB, got [12]\d\.\d\d dB/;
    expect(coarse.result.error).toMatchObject({ code: 'OUTPUT_CONTRACT_FAILED', message });
    expect(coarse.keys).toEqual([]);
    const fine = await runWorkerOn(bench, stageOf({ output }), on(gpus.plain));
    expect(fine.result).toMatchObject({ exitCode: 0, acceleration: { backend: 'software' } });
    expect(figure(fine.result, 'xpsnr')).toBeGreaterThan(30);
  });

  it.each(['qsv-full', 'qsv-encode'] as const)('is measured for an output of %s', async (backend) => {
    const gpu = await gpus.create(dir.path);
    const video = { bitrate: '2M', preset: 'performance', resolution: { height: 90 } } as const;
    const spec = stageOf({ acceleration: 'Required', output: { ...output, video } });
    const result = await runStageOn(bench, spec, gpus, gpu, [backend]);
    expect(result).toMatchObject({ exitCode: 0, acceleration: { backend } });
    expect(figure(result, 'xpsnr')).toBeGreaterThan(30);
    expect(figure(result, 'ssim')).toBeGreaterThan(0.95);
  });
});
