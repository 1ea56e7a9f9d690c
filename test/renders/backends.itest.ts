import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTool } from '../../src/media/ffmpeg/run/run-tool.ts';
import {
  type BackendJob,
  capabilitiesWith,
  capabilitiesWithout,
  countFrames,
  psnr,
  qsvBackends,
  renderWith,
} from '../support/backend-jobs.ts';
import { describeOnGpu, whenTraced } from '../support/real-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';

const limits = { timeoutMs: 60_000, outputBytes: 1024, signal: new AbortController().signal };
const frames = 60;
const video = { bitrate: '2M', preset: 'performance', resolution: { height: 180 }, keyframeInterval: 1 } as const;

describeOnGpu('a transcode on every backend', (gpus) => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const clip = async (name: string, ...encode: readonly string[]): Promise<void> => {
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=30:d=2', '-f', 'lavfi', '-i', 'sine=d=2', '-c:a', 'aac'];
    const argv = ['-v', 'error', ...source, '-g', '30', ...encode, at(name)];
    expect(await runTool(gpus.plain.ffmpeg, argv, gpus.plain.env, limits)).toMatchObject({ exitCode: 0 });
  };
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-backends-'));
    await clip('h264.mp4', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '16', '-pix_fmt', 'yuv420p');
    const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:crf=16'];
    await clip('hevc.mp4', ...x265, '-pix_fmt', 'yuv420p10le');
  });
  afterAll(() => rm(dir, { recursive: true }));

  const onSoftware = async (job: BackendJob) => renderWith(gpus.plain, await capabilitiesWithout(gpus, dir), dir, job);

  const jobs: readonly (readonly [what: string, BackendJob])[] = [
    ['8-bit h264 to h264', { input: 'h264.mp4', output: { container: 'mp4', video: { ...video, codec: 'h264' } } }],
    ['8-bit h264 to hevc', { input: 'h264.mp4', output: { container: 'mp4', video: { ...video, codec: 'hevc' } } }],
    ['8-bit h264 to av1', { input: 'h264.mp4', output: { container: 'mp4', video: { ...video, codec: 'av1' } } }],
    ['8-bit h264 to vp9', { input: 'h264.mp4', output: { container: 'webm', video: { ...video, codec: 'vp9' } } }],
    [
      '10-bit hevc to 10-bit hevc',
      { input: 'hevc.mp4', output: { container: 'mkv', video: { ...video, codec: 'hevc' } } },
    ],
    ['10-bit hevc to h264', { input: 'hevc.mp4', output: { container: 'mp4', video: { ...video, codec: 'h264' } } }],
    ['the same size', { input: 'h264.mp4', output: { container: 'mp4', video: { bitrate: '4M', codec: 'h264' } } }],
  ];

  it.each(jobs)('of %s shows the same frames, all of them', async (_what, { input, output }) => {
    const job = { input: at(input), output };
    const software = await onSoftware(job);
    expect(software.plan.backend).toBe('software');
    expect(await countFrames(gpus.plain, software.path)).toBe(frames);
    for (const backend of qsvBackends) {
      const gpu = await gpus.create(dir);
      const { plan, path, probe } = await renderWith(gpu.tools, await capabilitiesWith(gpus, gpu, [backend]), dir, job);
      expect(plan).toMatchObject({ backend, device: gpu.node });
      expect(await countFrames(gpus.plain, path)).toBe(frames);
      const [expected] = software.probe.video;
      expect(probe.video).toMatchObject([{ codec: expected?.codec, width: expected?.width, height: expected?.height }]);
      expect(probe.audio).toHaveLength(1);
      const likeness = await psnr(gpus.plain, software.path, path);
      expect(likeness.frames).toBe(frames);
      expect(likeness.dB, backend).toBeGreaterThan(35);

      await whenTraced(gpu, (trace) => {
        expect(eventsOf(trace, 'decode.init')).toHaveLength(backend === 'qsv-full' ? 1 : 0);
        expect(eventsOf(trace, 'encode.init')).toMatchObject([
          {
            codec: expected?.codec,
            width: expected?.width,
            height: expected?.height,
            memory: 'video',
            rateControl: 'VBR',
            lowPower: true,
          },
        ]);
        expect(eventsOf(trace, 'encode.close')).toMatchObject([{ frames, packets: frames }]);
      });
    }
  });

  it('of a variable frame rate is scaled on the CPU, since the GPU would round time stamps', async () => {
    const jitter = [
      '-vf',
      "select='not(eq(mod(n,7),3))'",
      '-fps_mode',
      'vfr',
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv420p',
    ];
    await clip('variable.mp4', ...jitter);
    const gpu = await gpus.create(dir);
    const job = {
      input: at('variable.mp4'),
      output: { container: 'mp4', video: { ...video, codec: 'h264' } },
    } as const;
    const { plan, path } = await renderWith(gpu.tools, await capabilitiesWith(gpus, gpu, qsvBackends), dir, job);
    expect(plan).toMatchObject({ backend: 'qsv-full', fallbacks: [] });
    await whenTraced(gpu, (trace) => {
      expect(eventsOf(trace, 'decode.init')).toHaveLength(1);
      // Frames go down and up; the processor changes nothing.
      expect(eventsOf(trace, 'vpp.init').flatMap(({ operations }) => operations)).toEqual([]);
    });
    const moments = async (file: string): Promise<number[]> => {
      const argv = [
        '-v',
        'error',
        '-select_streams',
        'v:0',
        '-show_entries',
        'packet=pts_time',
        '-of',
        'csv=p=0',
        file,
      ];
      const { stdout } = await runTool(gpus.plain.ffprobe, argv, gpus.plain.env, { ...limits, outputBytes: 100_000 });
      return stdout
        .split(/[\s,]+/)
        .filter((text) => text !== '')
        .map(Number)
        .toSorted((a, b) => a - b);
    };
    const [expected, got] = [await moments(job.input), await moments(path)];
    expect(got).toHaveLength(expected.length);
    for (const [index, moment] of expected.entries()) expect(got[index]).toBeCloseTo(moment, 3);
  });

  // FFmpeg 7 forgets the frame rate at setpts and would take 25 frames per second.
  it('with an exact cut keeps every frame and the frame rate', async () => {
    const operations = [{ trim: { start: 0.5, end: 1.5 } }];
    const job = { input: at('h264.mp4'), operations, output: { container: 'mp4', video } } as const;
    const software = await onSoftware(job);
    const gpu = await gpus.create(dir);
    const { path, plan } = await renderWith(gpu.tools, await capabilitiesWith(gpus, gpu, ['qsv-encode']), dir, job);
    for (const file of [software.path, path]) expect(await countFrames(gpus.plain, file)).toBe(30);
    expect(plan.outputs[0]?.expect.frames).toBe(30);
    expect((await psnr(gpus.plain, software.path, path)).dB).toBeGreaterThan(35);
    await whenTraced(gpu, (trace) => {
      expect(eventsOf(trace, 'encode.init')).toMatchObject([{ frameRate: '30/1' }]);
    });
  });
});
