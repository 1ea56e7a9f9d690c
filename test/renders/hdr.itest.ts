import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HdrMetadata } from '../../src/media/probe/hdr-metadata.ts';
import type { VideoStream } from '../../src/media/probe/probe.ts';
import { probeFile } from '../../src/media/probe/run/probe-file.ts';
import type { Operation } from '../../src/model/job/operations.ts';
import type { Output } from '../../src/model/job/output.ts';
import { ffmpeg, grayFrames, probe, scratch } from '../support/media.ts';
import { describeOnSoftwareGpu } from '../support/software-gpu.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';
import { runStageOn, runWorkerOn } from '../support/worker-run.ts';

let dir: Awaited<ReturnType<typeof scratch>>;
let bench: Bench;
const graded: HdrMetadata = {
  mastering: {
    red: { x: 0.68, y: 0.32 },
    green: { x: 0.265, y: 0.69 },
    blue: { x: 0.15, y: 0.06 },
    white: { x: 0.3127, y: 0.329 },
    minLuminance: 0.005,
    maxLuminance: 4000,
  },
  light: { max: 4000, average: 400 },
};
/** Eight bars of grey, 125 steps of 10 bits apart. */
const bars = "color=black:s=256x128:r=25:d=0.4,format=yuv420p10le,geq=lum='64+floor(X/32)*125':cb=512:cr=512";

const x265 = (transfer: string, metadata: string): string[] => [
  '-vf',
  `setparams=range=tv:color_primaries=bt2020:color_trc=${transfer}:colorspace=bt2020nc`,
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-x265-params',
  `log-level=error:crf=4:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc${metadata}`,
];
const display = 'G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50)';

beforeAll(async () => {
  dir = await scratch();
  const make = async (name: string, ...encode: string[]): Promise<void> => {
    await ffmpeg('-f', 'lavfi', '-i', bars, ...encode, join(dir.path, name));
  };
  await make('graded.mkv', ...x265('smpte2084', `:master-display=${display}:max-cll=4000,400`));
  await make('plain.mkv', ...x265('smpte2084', ''));
  await make('hlg.mkv', ...x265('arib-std-b67', ''));
  const night = ['-f', 'lavfi', '-i', 'color=black:s=320x180:r=25:d=0.4,format=yuv420p10le'];
  await ffmpeg(...night, ...x265('smpte2084', ''), join(dir.path, 'night-pq.mkv'));
  await ffmpeg(...night, ...x265('arib-std-b67', ''), join(dir.path, 'night-hlg.mkv'));
  await ffmpeg('-f', 'lavfi', '-i', 'color=white:s=64x64', '-frames:v', '1', join(dir.path, 'white.png'));
  await writeFile(join(dir.path, 'words.srt'), '1\n00:00:00,000 --> 00:00:02,000\nWWW\n');
});
afterAll(() => dir[Symbol.asyncDispose]());
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const stage = (name: string, output: Output): ReturnType<typeof stageOf> =>
  stageOf({ inputs: [{ name: 'main', file: name }], output });
const files = (): Record<string, string> => ({ FRAMEWRIGHT_MEDIA_ROOT: dir.path });
const fast = { preset: 'performance' } as const;
const pq = {
  colorTransfer: 'smpte2084',
  colorPrimaries: 'bt2020',
  colorSpace: 'bt2020nc',
  colorRange: 'tv',
  bitDepth: 10,
};

/** AV1 keeps these figures in fixed-point numbers of its own. */
function expectGraded({ hdr }: VideoStream): void {
  expect(hdr?.light).toEqual(graded.light);
  for (const point of ['red', 'green', 'blue', 'white'] as const) {
    expect(hdr?.mastering?.[point].x).toBeCloseTo(graded.mastering?.[point].x ?? 0, 4);
    expect(hdr?.mastering?.[point].y).toBeCloseTo(graded.mastering?.[point].y ?? 0, 4);
  }
  expect(hdr?.mastering?.maxLuminance).toBeCloseTo(4000, 1);
  expect(hdr?.mastering?.minLuminance).toBeCloseTo(0.005, 3);
}

describe('a film in HDR10', () => {
  it.each([
    ['hevc', 'mp4'],
    ['hevc', 'mkv'],
    ['av1', 'mp4'],
    ['av1', 'mkv'],
  ] as const)('keeps what is known of its mastering in %s in %s', async (codec, container) => {
    const spec = stage('graded.mkv', { container, video: { codec, resolution: { width: 128 }, ...fast } });
    const { path } = await runWorkerOn(bench, spec, files());
    const [video] = (await probe(path())).video;
    expect(video).toMatchObject({ codec, ...pq });
    if (video !== undefined) expectGraded(video);
  });

  it('is cut and copied with all of it', async () => {
    const spec = { ...stage('graded.mkv', { container: 'mp4' }), operations: [{ mute: {} }] };
    const { path, result } = await runWorkerOn(bench, spec, files());
    expect(result.acceleration?.backend).toBe('copy');
    const [video] = (await probe(path())).video;
    expect(video).toMatchObject(pq);
    if (video !== undefined) expectGraded(video);
  });

  it('without such figures gets none, and stays HDR', async () => {
    const { path } = await runWorkerOn(bench, stage('plain.mkv', { video: { ...fast, fps: 10 } }), files());
    const [video] = (await probe(path())).video;
    expect(video).toMatchObject({ codec: 'hevc', ...pq });
    expect(video?.hdr).toBeUndefined();
  });

  it('of the HLG kind stays that', async () => {
    const { path } = await runWorkerOn(bench, stage('hlg.mkv', { video: fast }), files());
    expect((await probe(path())).video[0]).toMatchObject({ ...pq, colorTransfer: 'arib-std-b67' });
  });

  it('joined with one of another kind becomes SDR as a whole', async () => {
    const spec = stageOf({
      inputs: [
        { name: 'main', file: 'graded.mkv' },
        { name: 'other', file: 'hlg.mkv' },
      ],
      operations: [{ merge: { append: ['other'] } }],
      output: { container: 'mp4', video: { codec: 'hevc', ...fast } },
    });
    const { path } = await runWorkerOn(bench, spec, files());
    expect((await probe(path())).video[0]).toMatchObject({ colorTransfer: 'bt709', colorPrimaries: 'bt709' });
  });
});

/** SMPTE ST 2084: light in cd/m² of a signal. */
function lightOfPq(signal: number): number {
  const [m1, m2, c1, c2, c3] = [2610 / 16_384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128];
  const power = signal ** (1 / m2);
  return 10_000 * (Math.max(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1);
}

/** ARIB STD-B67 on a display of 1000 cd/m², with the system gamma of BT.2100. */
function lightOfHlg(signal: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  const scene = signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - c) / a) + b) / 12;
  return 1000 * scene ** 1.2;
}

/** Hable's curve up to the brightest light, on the 100 cd/m² and the gamma of 2.4 of an SDR display, as a grey of 8 bits. */
function sdrGrey(light: number, brightest: number): number {
  const curve = (x: number): number => (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.3;
  const linear = Math.min(1, Math.max(0, curve(light / 100) / curve(brightest / 100)));
  return 255 * linear ** (1 / 2.4);
}

describe('tone mapping', () => {
  const h264 = { container: 'mp4', video: { codec: 'h264', quality: 1, ...fast } } as const;
  it.each([
    ['of PQ ends at the brightest light of the film', 'graded.mkv', lightOfPq, 4000],
    ['of PQ without metadata ends at 1000 cd/m²', 'plain.mkv', lightOfPq, 1000],
    ['of HLG follows the display of 1000 cd/m²', 'hlg.mkv', lightOfHlg, 1000],
  ] as const)('%s', async (_what, name, lightOf, brightest) => {
    const { path } = await runWorkerOn(bench, stage(name, h264), files());
    expect((await probe(path())).video[0]).toMatchObject({
      bitDepth: 8,
      pixelFormat: 'yuv420p',
      colorTransfer: 'bt709',
      colorPrimaries: 'bt709',
      colorSpace: 'bt709',
    });
    const [frame] = await grayFrames(path(), 256, 128);
    for (let bar = 0; bar < 8; bar += 1) {
      const expected = sdrGrey(lightOf((bar * 125) / 876), brightest);
      expect(Math.abs((frame?.[32 * 256 + bar * 32 + 16] ?? 0) - expected), `bar ${bar}`).toBeLessThan(4);
    }
  });

  it('to ten bits keeps ten bits', async () => {
    const output = { video: { hdr: 'tonemap', quality: 4, ...fast } } as const;
    const { path } = await runWorkerOn(bench, stage('graded.mkv', output), files());
    expect((await probe(path())).video[0]).toMatchObject({ pixelFormat: 'yuv420p10le', colorTransfer: 'bt709' });
  });
});

describe('white on HDR video', () => {
  const captions = [{ from: 0, to: 400, text: 'WWW' }];
  it.each([
    ['a mark', 'pq', { watermark: { input: 'other', width: 30 } }, 'white.png'],
    ['a mark', 'hlg', { watermark: { input: 'other', width: 30 } }, 'white.png'],
    ['a caption', 'pq', { subtitle: { captions, style: { size: 20 } } }, 'white.png'],
    ['a caption', 'hlg', { subtitle: { captions, style: { size: 20 } } }, 'white.png'],
    ['a subtitle file', 'pq', { subtitle: { input: 'other' } }, 'words.srt'],
  ] as const)('of %s in %s is that of graphics, not that of the sun', async (_what, range, operation, file) => {
    const inputs = [
      { name: 'main', file: `night-${range}.mkv` },
      { name: 'other', file },
    ];
    const output = { video: { quality: 4, ...fast } } as const;
    const operations = [structuredClone(operation)] as Operation[];
    const { path } = await runWorkerOn(bench, stageOf({ inputs, operations, output }), files());
    const [frame] = (await grayFrames(path())).slice(4);
    const brightest = Math.max(...(frame ?? []));
    // 203 cd/m²: 58 % of the signal in PQ, 75 % in HLG (ITU-R BT.2408).
    const white = 255 * (range === 'pq' ? 0.58 : 0.75);
    expect(brightest).toBeLessThan(white + 10);
    // Thin letters are a little darker than their colour.
    expect(brightest).toBeGreaterThan(white - 25);
  });
});

describeOnSoftwareGpu('HDR with FFmpeg 7.1', (gpus) => {
  const on = { FRAMEWRIGHT_FFMPEG: gpus.plain.ffmpeg, FRAMEWRIGHT_FFPROBE: gpus.plain.ffprobe };
  const look = async (path: string): Promise<VideoStream | undefined> =>
    (await probeFile(path, { tools: gpus.plain, signal: AbortSignal.timeout(60_000) })).video[0];

  it.each([
    ['hevc', 'mp4'],
    ['av1', 'mkv'],
    ['vp9', 'webm'],
  ] as const)('keeps the metadata of %s in %s', async (codec, container) => {
    const spec = stage('graded.mkv', { container, video: { codec, resolution: { width: 128 }, ...fast } });
    const { path } = await runWorkerOn(bench, spec, { ...files(), ...on });
    const video = await look(path());
    expect(video).toMatchObject({ codec, ...pq });
    if (video !== undefined) expectGraded(video);
  });

  it('leaves none of it in SDR video', async () => {
    const output = { video: { codec: 'hevc', hdr: 'tonemap', ...fast } } as const;
    const { path } = await runWorkerOn(bench, stage('graded.mkv', output), { ...files(), ...on });
    expect(await look(path())).toMatchObject({ colorTransfer: 'bt709' });
    expect((await look(path()))?.hdr).toBeUndefined();
  });

  it.each(['hevc', 'av1'] as const)('keeps the metadata of %s on the GPU', async (codec) => {
    const gpu = await gpus.create(dir.path);
    const video = { codec, bitrate: '2M', resolution: { width: 128 }, ...fast } as const;
    const local = { ...bench, mediaRoot: dir.path };
    const spec = { ...stage('graded.mkv', { container: 'mp4', video }), acceleration: 'Required' as const };
    const result = await runStageOn(local, spec, gpus, gpu, ['qsv-encode']);
    expect(result).toMatchObject({ exitCode: 0, acceleration: { backend: 'qsv-encode' } });
    const found = await look(join(bench.objects, result.outputs?.[0]?.key ?? ''));
    expect(found).toMatchObject({ codec, ...pq });
    if (found !== undefined) expectGraded(found);
  });
});
