import { describe, expect, it } from 'vitest';
import type { PlannedOutput } from '../../../src/media/planning/plan.ts';
import { parseQuality, type QualityFigures, qualityChecks } from '../../../src/media/verify/quality-figures.ts';
import { commandOf, planOf, software } from '../../support/plan.ts';

describe('figures of quality in a log', () => {
  const ssim =
    '[Parsed_ssim_10 @ 0x7fc1d4005040] SSIM Y:0.985187 (18.29) U:0.980255 (17.04) V:0.98 (18.6) All:0.984566 (18.1)';
  const xpsnr = '[Parsed_xpsnr_11 @ 0x7fc1d4005340] XPSNR  y: 37.4989  u: 32.4579  v: 32.2877  (minimum: 32.2877)';

  it.each<readonly [string, string, QualityFigures]>([
    ['both', `Stream mapping\n${xpsnr}\n${ssim}\n`, { ssim: 0.984566, xpsnr: 32.2877 }],
    ['one alone', ssim, { ssim: 0.984566 }],
    ['identical videos', 'XPSNR  y: inf  u: inf  v: inf  (minimum: inf)', { xpsnr: Number.POSITIVE_INFINITY }],
    ['none', 'frame= 1', { error: 'no figures' }],
    ['no number', 'SSIM Y:nan All:nan (nan)', { error: 'no figures' }],
  ])('are read: %s', (_what, log, figures) => {
    expect(parseQuality(log)).toEqual(figures);
  });
});

describe('a floor of quality', () => {
  const planned = (output: Partial<PlannedOutput>): PlannedOutput => ({
    name: 'main',
    kind: 'video',
    path: '/o.mp4',
    extension: 'mp4',
    mediaType: 'video/mp4',
    expect: { video: true, audio: false },
    contract: { minSsim: 0.95, minXpsnr: 30 },
    comparison: { how: 'measured', argv: [] },
    ...output,
  });

  it('passes with its figures at and above the floor', () => {
    expect(qualityChecks(planned({}), { ssim: 0.95, xpsnr: 41.237 })).toEqual([
      { name: 'xpsnr', ok: true, expected: 'at least 30 dB', measured: '41.24 dB' },
      { name: 'ssim', ok: true, expected: 'at least 0.95', measured: '0.9500' },
    ]);
  });

  it('fails below it, and where nothing could be measured', () => {
    expect(qualityChecks(planned({}), { ssim: 0.9499, error: 'FFmpeg reported: cut off' })).toEqual([
      { name: 'xpsnr', ok: false, expected: 'at least 30 dB', measured: 'no figure: FFmpeg reported: cut off' },
      { name: 'ssim', ok: false, expected: 'at least 0.95', measured: '0.9499' },
    ]);
  });

  it('passes for a copied video, and does not apply to a thumbnail', () => {
    expect(qualityChecks(planned({ comparison: { how: 'copied' } })).every(({ ok }) => ok)).toBe(true);
    const { comparison: _none, ...thumbnail } = planned({ kind: 'image' });
    expect(qualityChecks(thumbnail)).toEqual([]);
  });
});

describe('the comparison with the filtered source', () => {
  const encode = { transcode: { force: true } };

  it('measures both videos, the source after the filters of the render', () => {
    const { outputs } = planOf({
      operations: [{ trim: { start: 1, end: 3 } }, { transcode: { rotate: 90 } }],
      output: { video: { resolution: { height: 360 } }, contract: { minSsim: 0.9 } },
    });
    const { comparison } = outputs[0] ?? {};
    const line = comparison?.how === 'measured' ? comparison.argv.join(' ') : '';
    expect(line).toContain('file:/scratch/main.mp4');
    expect(line).toMatch(/transpose=dir=clock.*scale=w=.*h=360/);
    expect(line).toContain('ssim=shortest=1');
    expect(line).not.toContain('xpsnr');
  });

  it('is made in main memory also where the GPU does everything', () => {
    const device = {
      node: '/dev/dri/renderD128',
      driver: 'i915',
      encodes: [{ backend: 'qsv-full', codec: 'h264', bitDepth: 8, lowPower: true }],
    } as const;
    const plan = planOf({
      operations: [encode],
      acceleration: 'Required',
      capabilities: { ...software, devices: [device] },
      output: { contract: { minSsim: 0.9 } },
    });
    expect(plan.backend).toBe('qsv-full');
    expect(commandOf(plan)).toContain('-hwaccel');
    expect(JSON.stringify(plan.outputs[0]?.comparison)).not.toMatch(/hwaccel|qsv/);
  });

  it('does not run for copies, for audio, and without a floor', () => {
    expect(planOf({ output: { contract: { minSsim: 0.9 } } }).outputs[0]?.comparison).toEqual({ how: 'copied' });
    const audio = planOf({ output: { video: { codec: 'none' }, contract: { minSsim: 0.9 } } });
    expect(audio.outputs[0]?.comparison).toBeUndefined();
    expect(planOf({ operations: [encode] }).outputs[0]?.comparison).toBeUndefined();
  });

  it('is rejected before anything is encoded where FFmpeg lacks the filter', () => {
    const ask = (): unknown => planOf({ operations: [encode], output: { contract: { minXpsnr: 30 } } });
    expect(ask).toThrow(
      expect.objectContaining({
        code: 'CAPABILITY_MISSING',
        message: 'spec.output.contract.minXpsnr: expected an FFmpeg with the filter xpsnr, got FFmpeg 7.1.5 without it',
        remedy: 'Use FFmpeg 7.1 or later, which has the filter xpsnr, or ask for output.contract.minSsim instead.',
      }),
    );
  });
});
