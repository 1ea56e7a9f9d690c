import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTool } from '../../src/media/ffmpeg/run/run-tool.ts';
import { probeFile } from '../../src/media/probe/run/probe-file.ts';
import type { Output } from '../../src/model/job/output.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { StageResult } from '../../src/model/status/result.ts';
import { countFrames, psnr } from '../support/backend-jobs.ts';
import { describeOnSoftwareGpu, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf, type TraceEvent } from '../support/software-gpu-trace.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';
import { runWorkerOn } from '../support/worker-run.ts';

const limits = { timeoutMs: 60_000, outputBytes: 1024, signal: new AbortController().signal };
const rate = 30;
const seconds = 2;
const video = { preset: 'performance', bitrate: '3M', keyframeInterval: 0.5 } as const;
const vbr = { rateControl: 'VBR', targetKbps: 3000, maxKbps: 6000, bufferKbits: 12_000, gop: 15 } as const;

/** A GPU as old ones are to the VPL runtime: no session opens, and VA-API encodes. */
const withoutQuickSync = { fail: ['session@1=unsupported'] } as const;

describeOnSoftwareGpu('a job on a GPU on which no session of Quick Sync opens', (gpus) => {
  let bench: Bench;
  let gpu: SoftwareGpu;
  let programs: Record<string, string>;
  beforeAll(async () => {
    bench = await createBench();
    gpu = await gpus.create(bench.dir, withoutQuickSync);
    const { tools, folders } = gpu;
    programs = {
      FRAMEWRIGHT_FFMPEG: tools.ffmpeg,
      FRAMEWRIGHT_FFPROBE: tools.ffprobe,
      FRAMEWRIGHT_DRI_DIR: folders.dri,
      FRAMEWRIGHT_DRM_CLASS_DIR: folders.drmClass,
    };
    const make = async (name: string, ...argv: readonly string[]): Promise<void> => {
      const line = ['-v', 'error', ...argv, join(bench.objects, name)];
      expect(await runTool(gpus.plain.ffmpeg, line, gpus.plain.env, limits)).toMatchObject({ exitCode: 0 });
    };
    const video = ['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=${rate}:d=${seconds}`];
    const audio = ['-f', 'lavfi', '-i', `sine=d=${seconds}`, '-c:a', 'aac'];
    const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '12', '-pix_fmt', 'yuv420p'];
    const colors = 'setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv';
    const display = 'G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50)';
    const metadata = `log-level=error:crf=12:master-display=${display}:max-cll=4000,400`;
    const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', metadata];
    await make('clip.mp4', ...video, ...audio, ...x264);
    await make('hdr.mkv', ...video, '-vf', `format=yuv420p10le,${colors}`, ...x265);
    await make('h264-groups.mp4', ...video, ...audio, ...x264, '-g', '15');
    const closed = 'log-level=error:crf=12:keyint=15:min-keyint=15:scenecut=0:open-gop=0';
    const hevc = [
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      closed,
      '-tag:v',
      'hvc1',
      '-pix_fmt',
      'yuv420p',
    ];
    await make('hevc-groups.mp4', ...video, ...audio, ...hevc);
    // The first job runs the trial encodes, whose results the others read from the cache.
    await onGpu(stageOf());
  }, 240_000);
  afterAll(() => bench.close());

  interface Ran {
    readonly result: StageResult;
    /** What reached the GPU by this job. */
    readonly trace: readonly TraceEvent[];
    readonly path: (name?: string) => string;
  }

  /** A whole job in a worker process of its own, on the GPU or not at all. */
  const onGpu = async (spec: Partial<StageSpec>): Promise<Ran> => {
    const before = (await gpu.trace()).length;
    const status = await bench.start(stageOf({ acceleration: 'Required', ...spec }), programs).ended;
    const result = bench.result();
    expect({ status, error: result.error }).toEqual({ status: 0, error: undefined });
    const path: Ran['path'] = (name = 'main') =>
      join(bench.objects, result.outputs?.find((output) => output.name === name)?.key ?? '');
    return { result, trace: (await gpu.trace()).slice(before), path };
  };

  /** The same job with the same FFmpeg on the CPU. */
  const onSoftware = async (spec: Partial<StageSpec>): Promise<string> => {
    const { plain } = gpus;
    const tools = { FRAMEWRIGHT_FFMPEG: plain.ffmpeg, FRAMEWRIGHT_FFPROBE: plain.ffprobe };
    const identity = { ...stageOf().identity, uid: 'uid-software' };
    const { path, status } = await runWorkerOn(bench, stageOf({ ...spec, identity, acceleration: 'Disabled' }), tools);
    expect(status).toBe(0);
    return path();
  };

  const hdr = [{ name: 'main', asset: 'hdr.mkv' }];
  const h264 = { container: 'mp4', video: { ...video, codec: 'h264' } } as const;

  const jobs: readonly (readonly [
    what: string,
    spec: Partial<StageSpec>,
    frames: number,
    encoder: Readonly<Record<string, unknown>>,
  ])[] = [
    ['a transcode to h264', { output: h264 }, 60, { codec: 'h264', profile: 'High', ...vbr }],
    [
      'a transcode to hevc',
      { output: { container: 'mp4', video: { ...video, codec: 'hevc' } } },
      60,
      { codec: 'hevc', profile: 'Main', ...vbr },
    ],
    [
      'a transcode to av1',
      { output: { container: 'mp4', video: { ...video, codec: 'av1' } } },
      60,
      { codec: 'av1', bitDepth: 8, ...vbr },
    ],
    [
      'a transcode to vp9',
      { output: { container: 'webm', video: { ...video, codec: 'vp9' } } },
      60,
      { codec: 'vp9', bitDepth: 8, ...vbr },
    ],
    [
      'a transcode to 10-bit hevc',
      { inputs: hdr, output: { container: 'mkv', video: { ...video, codec: 'hevc' } } },
      60,
      {
        codec: 'hevc',
        profile: 'Main10',
        bitDepth: 10,
        colour: { fullRange: 0, primaries: 9, transfer: 16, matrix: 9 },
      },
    ],
    [
      'a transcode to 10-bit av1',
      { inputs: hdr, output: { container: 'mp4', video: { ...video, codec: 'av1' } } },
      60,
      { codec: 'av1', bitDepth: 10, colour: { fullRange: 0, primaries: 9, transfer: 16, matrix: 9 } },
    ],
    [
      'a transcode to 10-bit vp9',
      { inputs: hdr, output: { container: 'webm', video: { ...video, codec: 'vp9' } } },
      60,
      { codec: 'vp9', profile: 'Profile2', bitDepth: 10 },
    ],
    [
      'HDR mapped to SDR',
      { inputs: hdr, output: h264 },
      60,
      { codec: 'h264', bitDepth: 8, colour: { fullRange: 0, primaries: 1, transfer: 1, matrix: 1 } },
    ],
    [
      'a quality',
      { output: { container: 'mp4', video: { preset: 'balanced', codec: 'h264', quality: 16 } } },
      60,
      { rateControl: 'ICQ', quality: 16, gop: 256, qualityLevel: 4 },
    ],
    [
      'a quality below a highest rate',
      { output: { container: 'mp4', video: { preset: 'quality', codec: 'hevc', quality: 16, maxBitrate: '6M' } } },
      60,
      { rateControl: 'QVBR', quality: 16, maxKbps: 6000, qualityLevel: 1 },
    ],
  ];

  it.each(jobs)('renders %s through VA-API and shows what software shows', async (_what, spec, frames, encoder) => {
    const { result, trace, path } = await onGpu({ operations: [{ transcode: { force: true } }], ...spec });
    expect(result.acceleration).toMatchObject({
      backend: 'vaapi',
      device: gpu.node,
      fallbacks: [
        {
          from: 'qsv-full',
          cause: 'no-session',
          message: expect.stringMatching(/no session on .*: .*MFX session/) as unknown,
        },
        {
          from: 'qsv-encode',
          cause: 'no-session',
          message: expect.stringMatching(/no session on .*: .*MFX session/) as unknown,
        },
      ],
    });
    expect(eventsOf(trace, 'va.encode.init')).toMatchObject([{ lowPower: true, ...encoder }]);
    expect(eventsOf(trace, 'va.encode.close')).toMatchObject([{ frames, packets: frames }]);
    expect(eventsOf(trace, 'encode.init')).toEqual([]);
    expect(result.outputs).toMatchObject([{ frames }]);
    expect(await countFrames(gpus.plain, path())).toBe(frames);
    const likeness = await psnr(gpus.plain, await onSoftware(spec), path());
    expect(likeness.frames).toBe(frames);
    expect(likeness.dB).toBeGreaterThan(35);
  });

  it.each([
    ['hevc', 'mp4'],
    ['hevc', 'mkv'],
    ['av1', 'mp4'],
  ] as const)('keeps what is known of the mastering of HDR10 in %s in %s', async (codec, container) => {
    const { path } = await onGpu({ inputs: hdr, output: { container, video: { ...video, codec } } });
    const { video: streams } = await probeFile(path(), { tools: gpus.plain, signal: limits.signal });
    expect(streams[0]?.hdr).toMatchObject({ light: { max: 4000, average: 400 } });
    expect(streams[0]?.hdr?.mastering?.maxLuminance).toBeCloseTo(4000, 0);
    expect(streams[0]?.hdr?.mastering?.red.x).toBeCloseTo(0.68, 3);
  });

  it.each(['h264', 'hevc'] as const)(
    'encodes the head and tail of an exact cut of %s and copies the frames between',
    async (codec) => {
      const inputs = [{ name: 'main', asset: `${codec}-groups.mp4` }];
      const spec: Partial<StageSpec> = {
        inputs,
        operations: [{ trim: { start: 0.3, end: 1.7 } }],
        output: { container: 'mp4' },
      };
      const { result, trace, path } = await onGpu(spec);
      expect(result.acceleration?.backend).toBe('vaapi');
      const closed = eventsOf(trace, 'va.encode.close');
      expect(closed.length).toBeGreaterThan(0);
      for (const event of closed) expect(event).toMatchObject({ codec, packed: event.frames });
      expect(closed.reduce((sum, { frames }) => sum + frames, 0)).toBeLessThan(42);
      expect(await countFrames(gpus.plain, path())).toBe(42);
      const likeness = await psnr(gpus.plain, await onSoftware(spec), path());
      expect(likeness).toMatchObject({ frames: 42 });
      expect(likeness.dB).toBeGreaterThan(35);
    },
  );

  it.each(['h264', 'hevc', 'av1'] as const)('cuts a ladder of %s where its key frames are', async (codec) => {
    const heights = [180, 90];
    const renditions = heights.map((height) => ({ name: `${height}p`, video: { resolution: { height } } }));
    const output: Output = { container: 'hls', segmentDuration: 1, video: { ...video, codec }, renditions };
    const { result, trace } = await onGpu({ output, identity: { ...stageOf().identity, uid: `uid-${codec}` } });
    expect(result).toMatchObject({ processes: 1, acceleration: { backend: 'vaapi' } });
    expect(eventsOf(trace, 'va.encode.init').map(({ gop }) => gop)).toEqual([15, 15]);
    for (const height of heights) {
      const playlist = join(bench.objects, `uid-${codec}-1-video_${height}p.m3u8`);
      const argv = [
        '-v',
        'error',
        '-select_streams',
        'v:0',
        '-show_entries',
        'packet=flags',
        '-of',
        'csv=p=0',
        playlist,
      ];
      const { stdout } = await runTool(gpus.plain.ffprobe, argv, gpus.plain.env, { ...limits, outputBytes: 4096 });
      const flags = stdout.trim().split('\n');
      expect(flags).toHaveLength(rate * seconds);
      expect(flags.flatMap((flag, index) => (flag.startsWith('K') ? [index] : []))).toEqual([0, 15, 30, 45]);
    }
  });

  it('encodes all renditions of one decode in one process', async () => {
    const renditions = [
      { name: 'high', video: { resolution: { height: 180 } } },
      { name: 'low', video: { resolution: { height: 90 }, bitrate: '500k' } },
    ];
    const { trace, path } = await onGpu({ output: { ...h264, renditions } });
    const inits = eventsOf(trace, 'va.encode.init');
    expect(new Set(inits.map(({ pid }) => pid)).size).toBe(1);
    expect(inits.map(({ height, targetKbps }) => [height, targetKbps]).toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
      [90, 500],
      [180, 3000],
    ]);
    for (const name of ['high', 'low']) expect(await countFrames(gpus.plain, path(name))).toBe(rate * seconds);
  });

  it('keeps to a size by its bit rate, in one pass', async () => {
    const output = { ...h264, video: { codec: 'h264', preset: 'performance', targetSize: 200_000 } } as const;
    const { result, trace } = await onGpu({ output });
    expect(eventsOf(trace, 'va.encode.init')).toMatchObject([{ rateControl: 'VBR' }]);
    expect(result.outputs?.[0]?.bytes).toBeLessThan(240_000);
  });

  it('copies what needs no encode, and leaves the GPU alone', async () => {
    await copyFile(join(bench.objects, 'clip.mp4'), join(bench.objects, 'copy.mp4'));
    const spec = { inputs: [{ name: 'main', asset: 'copy.mp4' }], operations: [{ mute: {} }], output: {} };
    const { result, trace } = await onGpu(spec);
    expect(result.acceleration?.backend).toBe('copy');
    expect(eventsOf(trace, 'va.encode.init')).toEqual([]);
  });
});
