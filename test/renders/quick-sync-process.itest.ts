import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/system-clock.ts';
import { qsvDecode, qsvDevice } from '../../src/media/encoders/qsv.ts';
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
import { never, video } from '../support/media-tools.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';

const upload = ['-vf', 'format=nv12,hwupload=extra_hw_frames=64'];
const toNull = ['-f', 'null', '-'];
const h264 = ['-c:v', 'h264_qsv', '-b:v', '1M', '-low_power', '1', '-extbrc', '1', '-look_ahead_depth', '8'];
const scale = ['-vf', 'vpp_qsv=w=160:h=90'];

describeOnSoftwareGpu("FFmpeg's Quick Sync", (gpus) => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const clip = async (name: string, ...args: readonly string[]): Promise<void> => {
    const run = await runTool(gpus.plain.ffmpeg, ['-v', 'error', ...args, at(name)], gpus.plain.env, {
      timeoutMs: 60_000,
      outputBytes: 1024,
      signal: never,
    });
    expect(run).toMatchObject({ exitCode: 0 });
  };
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-qsv-'));
    const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25'];
    await clip('h264.mp4', ...video(2), ...x264, '-bf', '2', '-pix_fmt', 'yuv420p');
    await clip('h264-422.mp4', ...video(1), ...x264, '-pix_fmt', 'yuv422p10le');
    await clip(
      'hevc.mp4',
      ...video(1),
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'log-level=error',
      '-pix_fmt',
      'yuv420p10le',
    );
    await clip(
      'av1.mp4',
      ...video(1),
      '-c:v',
      'libsvtav1',
      '-preset',
      '12',
      '-svtav1-params',
      'lp=2',
      '-pix_fmt',
      'yuv420p',
    );
    await clip(
      'vp9.webm',
      ...video(1),
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-pix_fmt',
      'yuv420p',
    );
  });
  afterAll(() => rm(dir, { recursive: true }));

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
      backend: 'qsv-full',
      clock: systemClock,
      signal: never,
      ...options,
    });
  const onDevice = (gpu: SoftwareGpu, file: string): string[] => [
    ...qsvDevice(gpu.node),
    ...qsvDecode('performance'),
    '-i',
    `file:${at(file)}`,
  ];

  it('decodes, scales and encodes on the GPU, and reports progress', async () => {
    const gpu = await gpus.create(dir);
    const samples: ProgressSample[] = [];
    const onProgress = (sample: ProgressSample): void => void samples.push(sample);
    const argv = [...onDevice(gpu, 'h264.mp4'), ...scale, ...h264, at('full.mp4')];
    expect(await run(gpu, argv, { onProgress })).toMatchObject({ stderr: '', ignoredOptions: [] });
    expect(samples.at(-1)).toMatchObject({ end: true, frame: 50 });
    expect(samples.at(-1)?.outTimeSeconds).toBeCloseTo(2, 0);
    const trace = await gpu.trace();
    expect(eventsOf(trace, 'decode.init')).toMatchObject([{ codec: 'h264', memory: 'video', width: 320, height: 180 }]);
    expect(eventsOf(trace, 'vpp.init')).toMatchObject([{ operations: ['scale'], out: { width: 160, height: 90 } }]);
    expect(eventsOf(trace, 'encode.init')).toMatchObject([
      {
        codec: 'h264',
        memory: 'video',
        width: 160,
        height: 90,
        rateControl: 'VBR',
        targetKbps: 1000,
        lookAheadDepth: 8,
        lowPower: true,
      },
    ]);
    expect(eventsOf(trace, 'encode.close')).toMatchObject([{ frames: 50, packets: 50 }]);
  });

  it.each([
    ['h264', 'h264.mp4', 8, 50],
    ['hevc', 'hevc.mp4', 10, 25],
    ['av1', 'av1.mp4', 8, 25],
    ['vp9', 'vp9.webm', 8, 25],
  ] as const)('decodes %s', async (codec, file, bitDepth, frames) => {
    const gpu = await gpus.create(dir);
    await run(gpu, [...onDevice(gpu, file), '-c:v', 'hevc_qsv', '-b:v', '1M', ...toNull]);
    const trace = await gpu.trace();
    expect(eventsOf(trace, 'decode.init')).toMatchObject([{ codec, bitDepth, memory: 'video' }]);
    expect(eventsOf(trace, 'decode.close')).toMatchObject([{ frames }]);
    expect(eventsOf(trace, 'encode.close')).toMatchObject([{ frames, packets: frames }]);
  });

  // FFmpeg's own behaviour, for which frames are always uploaded first: the height is no multiple of 32.
  it('loses all time stamps of frames in main memory that it filters, and succeeds', async () => {
    const gpu = await gpus.create(dir);
    const filter = ['-vf', 'format=nv12,vpp_qsv=w=160:h=90,format=nv12', '-c:v', 'libx264'];
    await run(gpu, [...qsvDevice(gpu.node), ...video(1), ...filter, at('empty.mp4')]);
    expect((await stat(at('empty.mp4'))).size).toBeLessThan(1000);
    const uploaded = ['-vf', 'format=nv12,hwupload=extra_hw_frames=64,vpp_qsv=w=160:h=90', ...h264];
    await run(gpu, [...qsvDevice(gpu.node), ...video(1), ...uploaded, at('filled.mp4')]);
    expect((await stat(at('filled.mp4'))).size).toBeGreaterThan(10_000);
  });

  const failures: readonly (readonly [
    what: string,
    faults: Faults,
    argv: (gpu: SoftwareGpu) => readonly string[],
    status: number,
    code: string,
    said: RegExp,
  ])[] = [
    [
      'a session that is rejected',
      { fail: ['session@1=unsupported'] },
      (gpu) => [...qsvDevice(gpu.node), ...video(1), ...upload, ...h264],
      171,
      'GPU_UNAVAILABLE',
      /MFX session/,
    ],
    [
      'a node that cannot be opened',
      { openErrno: 13 },
      (gpu) => [...qsvDevice(gpu.node), ...video(1), ...upload, ...h264],
      234,
      'GPU_UNAVAILABLE',
      /Device creation failed|No VA display/,
    ],
    [
      'no Intel GPU to choose from',
      { vendor: '1002' },
      () => [...video(1), ...h264],
      187,
      'GPU_UNAVAILABLE',
      /Failed to create a VAAPI device/,
    ],
    [
      'parameters that are rejected in the query',
      { fail: ['encode-query@1=unsupported'] },
      (gpu) => [...qsvDevice(gpu.node), ...video(1), ...upload, ...h264],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /unsupported/,
    ],
    [
      'low power that is rejected',
      { reject: ['lowpower'] },
      (gpu) => [...qsvDevice(gpu.node), ...video(1), ...upload, ...h264],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /Low power mode is unsupported/,
    ],
    [
      'a codec that is absent',
      { reject: ['av1'] },
      (gpu) => [...qsvDevice(gpu.node), ...video(1), ...upload, '-c:v', 'av1_qsv', '-b:v', '1M'],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /Current codec type is unsupported/,
    ],
    [
      '10 bits that are rejected',
      { reject: ['10bit'] },
      (gpu) => [
        ...qsvDevice(gpu.node),
        ...video(1),
        '-vf',
        'format=p010le,hwupload=extra_hw_frames=64',
        '-c:v',
        'hevc_qsv',
        '-b:v',
        '1M',
      ],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /unsupported/,
    ],
    [
      '10-bit frames for h264',
      {},
      (gpu) => [...onDevice(gpu, 'hevc.mp4'), ...h264],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /unsupported/,
    ],
    [
      'an encoder that does not open',
      { fail: ['encode-init@1=invalid-parameters'] },
      (gpu) => [...qsvDevice(gpu.node), ...video(1), ...upload, ...h264],
      234,
      'GPU_UNSUPPORTED_PARAMETERS',
      /invalid video parameters \(-15\)/,
    ],
    [
      'a decoder that does not open',
      { fail: ['decode-init@1=invalid-parameters'] },
      (gpu) => [...onDevice(gpu, 'h264.mp4'), ...h264],
      234,
      'GPU_UNSUPPORTED_PARAMETERS',
      /invalid video parameters \(-15\)/,
    ],
    [
      'a filter that does not open',
      { fail: ['vpp-init@1=invalid-parameters'] },
      (gpu) => [...onDevice(gpu, 'h264.mp4'), ...scale, ...h264],
      234,
      'GPU_UNSUPPORTED_PARAMETERS',
      /invalid video parameters \(-15\)/,
    ],
    [
      'a source in 4:2:2, which is not decoded',
      {},
      (gpu) => [...onDevice(gpu, 'h264-422.mp4'), ...h264],
      218,
      'GPU_UNSUPPORTED_PARAMETERS',
      /unsupported \(-3\)/,
    ],
    [
      'a device that is lost while it encodes',
      { fail: ['encode@20=device-lost'] },
      (gpu) => [...onDevice(gpu, 'h264.mp4'), ...h264],
      251,
      'GPU_FAILED',
      /device lost \(-13\)/,
    ],
    [
      'a GPU that hangs while it encodes',
      { fail: ['encode@20=gpu-hang'] },
      (gpu) => [...onDevice(gpu, 'h264.mp4'), ...h264],
      251,
      'GPU_FAILED',
      /Error during encoding/,
    ],
    [
      'a device that fails while it decodes',
      { fail: ['decode@20=device-failed'] },
      (gpu) => [...onDevice(gpu, 'h264.mp4'), ...h264],
      251,
      'GPU_FAILED',
      /device failed \(-17\)/,
    ],
    [
      'a device that fails while it filters',
      { fail: ['vpp@20=device-failed'] },
      (gpu) => [...onDevice(gpu, 'h264.mp4'), ...scale, ...h264],
      251,
      'GPU_FAILED',
      /device failed \(-17\)/,
    ],
  ];

  it.each(failures)(
    'ends with %s: exit status, error code, and a fallback',
    async (_what, faults, argv, status, code, said) => {
      const gpu = await gpus.create(dir, faults);
      const line = [...argv(gpu), ...toNull];
      const limits = { timeoutMs: 60_000, outputBytes: 1024 * 1024, signal: never };
      // Progress goes to a descriptor that only runFfmpeg opens.
      const fixed = fixedArguments().filter((argument) => !['-progress', 'pipe:3'].includes(argument));
      expect(await runTool(gpu.tools.ffmpeg, [...fixed, ...line], gpu.tools.env, limits)).toMatchObject({
        exitCode: status,
      });
      const error = await run(gpu, line).catch((reason: unknown) => reason);
      if (!(error instanceof FfmpegError)) throw new Error(`Expected an FfmpegError, got ${String(error)}`);
      expect(error).toMatchObject({ code, message: expect.stringMatching(said) as unknown });
      expect(mayFallBack('qsv-full', error.code)).toBe(true);
    },
  );

  it('reports that there is no GPU where there is none', async () => {
    const line = [...video(1), ...h264, ...toNull];
    await expect(run({ tools: gpus.plain }, line)).rejects.toMatchObject({ code: 'GPU_UNAVAILABLE' });
  });

  it('ends gracefully in mid-stream, and is not reported as a success', async () => {
    const gpu = await gpus.create(dir, { delay: 20_000 });
    const abort = new AbortController();
    const reason = new Error('cancelled');
    const onProgress = ({ frame = 0 }: ProgressSample): void => {
      if (frame > 0) abort.abort(reason);
    };
    const argv = [...qsvDevice(gpu.node), ...video(60), ...upload, ...h264, at('cut.mp4')];
    await expect(run(gpu, argv, { signal: abort.signal, onProgress })).rejects.toBe(reason);
    // It closed its session.
    expect(eventsOf(await gpu.trace(), 'encode.close')).toHaveLength(1);
  });
});
