import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { systemClock } from '../../src/lib/system-clock.ts';
import { vaapiDevice } from '../../src/media/encoders/vaapi.ts';
import { mayFallBack } from '../../src/media/ffmpeg/exit-classification.ts';
import type { ProgressSample } from '../../src/media/ffmpeg/progress-parser.ts';
import {
  FfmpegError,
  type FfmpegOutcome,
  type FfmpegRun,
  fixedArguments,
  runFfmpeg,
} from '../../src/media/ffmpeg/run/ffmpeg-process.ts';
import { runTool } from '../../src/media/ffmpeg/run/run-tool.ts';
import { it } from '../support/fixtures.ts';
import { never, video } from '../support/media-tools.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';

const h264 = ['-c:v', 'h264_vaapi', '-rc_mode', 'VBR', '-b:v', '1M'];
const hevc = ['-c:v', 'hevc_vaapi', '-rc_mode', 'VBR', '-b:v', '1M'];
const toNull = ['-f', 'null', '-'];
const upload = (format: string): string[] => ['-vf', `format=${format},hwupload`];

describeOnSoftwareGpu("FFmpeg's VA-API", (gpus) => {
  const run = (
    { tools }: Pick<SoftwareGpu, 'tools'>,
    argv: readonly string[],
    options: Partial<FfmpegRun> = {},
  ): Promise<FfmpegOutcome> =>
    runFfmpeg({
      program: tools.ffmpeg,
      env: tools.env,
      argv,
      stallSeconds: 30,
      ffmpeg: [7, 1],
      backend: 'vaapi',
      clock: systemClock,
      signal: never,
      ...options,
    });

  it('uploads and encodes, and reports progress', async ({ scratch }) => {
    const gpu = await gpus.create(scratch);
    const samples: ProgressSample[] = [];
    const onProgress = (sample: ProgressSample): void => void samples.push(sample);
    const argv = [
      ...vaapiDevice(gpu.node),
      ...video(2),
      ...upload('nv12'),
      ...h264,
      '-g',
      '25',
      join(scratch, 'a.mp4'),
    ];
    expect(await run(gpu, argv, { onProgress })).toMatchObject({ stderr: '', ignoredOptions: [] });
    expect(samples.at(-1)).toMatchObject({ end: true, frame: 50 });
    expect(samples.at(-1)?.outTimeSeconds).toBeCloseTo(2, 0);
    const trace = await gpu.trace();
    expect(eventsOf(trace, 'va.encode.init')).toMatchObject([{ codec: 'h264', width: 320, height: 180, gop: 25 }]);
    expect(eventsOf(trace, 'va.encode.close')).toMatchObject([{ frames: 50, packets: 50, keyFrames: 2 }]);
    // Quick Sync was not used.
    expect(eventsOf(trace, 'encode.init')).toEqual([]);
  });

  it.for(['nv12', 'p010le'])('uploads and downloads frames of %s unchanged', async (format, { scratch }) => {
    const gpu = await gpus.create(scratch);
    const { tools } = gpu;
    const hashes = async (filters: string): Promise<string> => {
      const source = [...vaapiDevice(gpu.node), ...video(1, '322x182'), '-vf', `format=${format}${filters}`];
      const argv = ['-v', 'error', ...source, '-f', 'framemd5', '-'];
      const limits = { timeoutMs: 60_000, outputBytes: 100_000, signal: never };
      const { stdout } = await runTool(tools.ffmpeg, argv, tools.env, limits);
      return stdout;
    };
    const there = await hashes('');
    expect(there.split('\n').length).toBeGreaterThan(25);
    expect(await hashes(`,hwupload,hwdownload,format=${format}`)).toBe(there);
  });

  const failures: readonly (readonly [
    what: string,
    faults: Faults,
    argv: readonly string[],
    status: number,
    code: string,
    said: RegExp,
  ])[] = [
    [
      'a node that cannot be opened',
      { openErrno: 13 },
      h264,
      234,
      'GPU_UNAVAILABLE',
      /Device creation failed|No VA display/,
    ],
    [
      'a driver without encoders',
      { reject: ['va-encode'] },
      h264,
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /No usable encoding entrypoint/,
    ],
    [
      'a codec that is absent',
      { reject: ['va-hevc'] },
      hevc,
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /No usable encoding entrypoint/,
    ],
    [
      'low power that is absent',
      { reject: ['va-lowpower'] },
      [...h264, '-low_power', '1'],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /No usable encoding entrypoint/,
    ],
    [
      'a rate control that is absent',
      { reject: ['va-vbr'] },
      h264,
      234,
      'GPU_UNSUPPORTED_PARAMETERS',
      /Driver does not support VBR RC mode \(supported modes: CQP, CBR, ICQ, QVBR\)/,
    ],
    [
      'low power whose firmware is missing',
      { reject: ['nohuc'] },
      [...h264, '-low_power', '1'],
      234,
      'GPU_UNSUPPORTED_PARAMETERS',
      /Driver does not support VBR RC mode \(supported modes: CQP\)/,
    ],
    [
      'a configuration that is rejected',
      { fail: ['va-config@1=unsupported'] },
      h264,
      251,
      'GPU_UNSUPPORTED_PARAMETERS',
      /Failed to create encode pipeline configuration/,
    ],
    [
      'a context that is rejected',
      { fail: ['va-context@1=memory'] },
      h264,
      251,
      'GPU_UNSUPPORTED_PARAMETERS',
      /Failed to create encode pipeline context/,
    ],
    [
      'memory of the GPU that is full',
      { fail: ['va-surface@1=memory'] },
      h264,
      244,
      'GPU_FAILED',
      /Failed to create surface|Unable to allocate a surface/,
    ],
    [
      'a device that is lost while it encodes',
      { fail: ['va-encode@20=device-lost'] },
      h264,
      251,
      'GPU_FAILED',
      /Failed to end picture encode issue: 1 \(operation failed\)/,
    ],
    [
      'a GPU that hangs while it encodes',
      { fail: ['va-sync@20=gpu-hang'] },
      h264,
      251,
      'GPU_FAILED',
      /Failed to sync to output buffer completion: 34 \(HW busy now\)/,
    ],
  ];

  it.for(failures)(
    'ends with %s: exit status, error code, and a fallback',
    async ([_what, faults, encoding, status, code, said], { scratch }) => {
      const gpu = await gpus.create(scratch, faults);
      const line = [...vaapiDevice(gpu.node), ...video(2), ...upload('nv12'), ...encoding, ...toNull];
      const limits = { timeoutMs: 60_000, outputBytes: 1024 * 1024, signal: never };
      // Progress goes to a descriptor that only runFfmpeg opens.
      const fixed = fixedArguments().filter((argument) => !['-progress', 'pipe:3'].includes(argument));
      expect(await runTool(gpu.tools.ffmpeg, [...fixed, ...line], gpu.tools.env, limits)).toMatchObject({
        exitCode: status,
      });
      const error = await run(gpu, line).catch((reason: unknown) => reason);
      if (!(error instanceof FfmpegError)) throw new Error(`Expected an FfmpegError, got ${String(error)}`);
      expect(error).toMatchObject({ code, message: expect.stringMatching(said) as unknown });
      expect(mayFallBack('vaapi', error.code)).toBe(true);
    },
  );

  it.for([
    ['10 bits that are rejected', { reject: ['va-10bit'] }, 'hevc_vaapi', /Surface RT format YUV420_10 not supported/],
    ['10-bit frames for h264', {}, 'h264_vaapi', /No usable encoding profile found/],
  ] as const)('ends with %s', async ([_what, faults, encoder, said], { scratch }) => {
    const gpu = await gpus.create(scratch, faults);
    const line = [...vaapiDevice(gpu.node), ...video(1), ...upload('p010le'), '-c:v', encoder, ...toNull];
    await expect(run(gpu, line)).rejects.toMatchObject({
      code: 'GPU_UNSUPPORTED_PARAMETERS',
      message: expect.stringMatching(said) as unknown,
    });
  });

  // FFmpeg 7.1 ends by SIGSEGV where the encoder is the one that gets no memory.
  it('fails when the memory of the GPU becomes full in mid-stream', async ({ scratch }) => {
    const gpu = await gpus.create(scratch, { fail: ['va-surface@3=memory'] });
    const line = [...vaapiDevice(gpu.node), ...video(2), ...upload('nv12'), ...h264, ...toNull];
    await expect(run(gpu, line)).rejects.toMatchObject({ code: 'GPU_FAILED' });
    expect(eventsOf(await gpu.trace(), 'fault')).not.toEqual([]);
  });

  it('fails with frames that are larger than the encoder supports', async ({ scratch }) => {
    const gpu = await gpus.create(scratch);
    const large = ['-f', 'lavfi', '-i', 'color=black:s=4112x128:r=25:d=0.1'];
    const line = [...vaapiDevice(gpu.node), ...large, ...upload('nv12'), ...h264, ...toNull];
    await expect(run(gpu, line)).rejects.toMatchObject({
      code: 'GPU_UNSUPPORTED_PARAMETERS',
      message: expect.stringMatching(/resolution not supported/) as unknown,
    });
    expect(eventsOf(await gpu.trace(), 'va.refused')).toMatchObject([{ what: 'context', codec: 'h264' }]);
  });

  it('uses low power by itself where there is nothing else', async ({ scratch }) => {
    const gpu = await gpus.create(scratch, { reject: ['va-nolowpower'] });
    await run(gpu, [...vaapiDevice(gpu.node), ...video(1), ...upload('nv12'), ...h264, ...toNull]);
    expect(eventsOf(await gpu.trace(), 'va.encode.init')).toMatchObject([{ lowPower: true }]);
  });

  it('reports that there is no GPU where there is none', async ({ scratch }) => {
    const line = [...vaapiDevice(join(scratch, 'none')), ...video(1), ...upload('nv12'), ...h264, ...toNull];
    await expect(run({ tools: gpus.plain }, line)).rejects.toMatchObject({ code: 'GPU_UNAVAILABLE' });
  });

  it('ends gracefully in mid-stream, and is not reported as a success', async ({ scratch }) => {
    const gpu = await gpus.create(scratch, { delay: 20_000 });
    const abort = new AbortController();
    const reason = new Error('cancelled');
    const onProgress = ({ frame = 0 }: ProgressSample): void => {
      if (frame > 0) abort.abort(reason);
    };
    const file = join(scratch, 'cut.mp4');
    const argv = [...vaapiDevice(gpu.node), ...video(60), ...upload('nv12'), ...h264, file];
    await expect(run(gpu, argv, { signal: abort.signal, onProgress })).rejects.toBe(reason);
    // It had the time to close its encoder and its file.
    expect(eventsOf(await gpu.trace(), 'va.encode.close')).toHaveLength(1);
    expect((await stat(file)).size).toBeGreaterThan(0);
  });
});
