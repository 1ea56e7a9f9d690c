import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { vaapiArguments, vaapiDevice, vaapiUpload } from '../../../src/media/encoders/vaapi.ts';
import type { VideoTarget } from '../../../src/media/encoders/video-target.ts';
import { fixedArguments } from '../../../src/media/ffmpeg/run/ffmpeg-process.ts';
import { runTool } from '../../../src/media/ffmpeg/run/run-tool.ts';
import { filterText } from '../../../src/media/filters/write-graph.ts';
import { type RateControl, rateControls } from '../../../src/media/gpu/capabilities.ts';
import { probeFile } from '../../../src/media/probe/run/probe-file.ts';
import { describeOnSoftwareGpu, type Faults } from '../../support/software-gpu.ts';
import { eventsOf, type TraceEvent } from '../../support/software-gpu-trace.ts';

type EncoderInit = Extract<TraceEvent, { event: 'va.encode.init' }>;

const limits = { timeoutMs: 60_000, outputBytes: 4096, signal: new AbortController().signal };
const base: VideoTarget = {
  codec: 'h264',
  width: 320,
  height: 180,
  frameRate: { num: 30, den: 1 },
  variable: false,
  bitDepth: 8,
  dynamicRange: 'sdr',
  rate: { kind: 'bitrate', mean: 2_000_000, max: 4_000_000 },
  preset: 'performance',
  keyframeInterval: 0.5,
  container: 'mp4',
};

describeOnSoftwareGpu('arguments of VA-API encoders', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-vaapi-arguments-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  /** Encodes a second of video; what reached the driver, and the file. */
  const encode = async (
    target: VideoTarget,
    { lowPower = true, offered = rateControls, faults = {} }: Options = {},
  ): Promise<{ readonly init: EncoderInit; readonly file: string }> => {
    const gpu = await gpus.create(dir, faults);
    const file = `${gpu.node}.${target.container}`;
    const transfer = target.dynamicRange === 'pq' ? 'smpte2084' : 'arib-std-b67';
    const tags = `setparams=color_primaries=bt2020:color_trc=${transfer}:colorspace=bt2020nc:range=tv`;
    const filters = [...(target.dynamicRange === 'sdr' ? [] : [tags]), ...vaapiUpload(target).map(filterText)];
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30:d=1', '-vf', filters.join(',')];
    const encoding = vaapiArguments(target, { lowPower, rateControls: offered });
    const argv = [...vaapiDevice(gpu.node), ...source, ...encoding, file];
    const fixed = fixedArguments().filter((argument) => !['-progress', 'pipe:3'].includes(argument));
    // Nothing said: an option that is ignored, changed or not known is a warning at least.
    expect(await runTool(gpu.tools.ffmpeg, [...fixed, ...argv], gpu.tools.env, limits)).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    const trace = await gpu.trace();
    const [init] = eventsOf(trace, 'va.encode.init');
    if (init === undefined) throw new Error('Expected an encoder to be opened, got no such event');
    // H.264 and HEVC under FFmpeg's own headers.
    const packed = target.codec === 'h264' || target.codec === 'hevc' ? 30 : 0;
    expect(eventsOf(trace, 'va.encode.close')).toMatchObject([{ frames: 30, packets: 30, packed }]);
    const { video } = await probeFile(file, { tools: gpu.tools, signal: limits.signal });
    expect(video).toMatchObject([{ codec: target.codec, width: 320, height: 180, bitDepth: target.bitDepth }]);
    return { init, file };
  };

  it.each([
    ['h264', 8, 'mp4', { profile: 'High', format: 'nv12' }],
    ['hevc', 8, 'mp4', { profile: 'Main', format: 'nv12' }],
    ['hevc', 10, 'mp4', { profile: 'Main10', format: 'p010' }],
    ['av1', 8, 'mp4', { profile: 'Profile0', format: 'nv12' }],
    ['av1', 10, 'mp4', { profile: 'Profile0', format: 'p010' }],
    ['vp9', 8, 'webm', { profile: 'Profile0', format: 'nv12' }],
    ['vp9', 10, 'webm', { profile: 'Profile2', format: 'p010' }],
  ] as const)('ask %s with %d bits for a bit rate in %s', async (codec, bitDepth, container, own) => {
    const { init } = await encode({ ...base, codec, bitDepth, container });
    expect(init).toMatchObject({
      ...own,
      codec,
      bitDepth,
      width: 320,
      height: 180,
      frameRate: '30/1',
      lowPower: true,
      gop: 15,
      qualityLevel: 7,
      rateControl: 'VBR',
      targetKbps: 2000,
      maxKbps: 4000,
      bufferKbits: 8000,
    });
  });

  it.each(['h264', 'hevc', 'av1', 'vp9'] as const)('put key frames of %s where the job wants them', async (codec) => {
    const container = codec === 'vp9' ? 'webm' : 'mp4';
    const { file } = await encode({ ...base, codec, container });
    const entries = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=flags', '-of', 'csv=p=0', file];
    const { stdout } = await runTool(gpus.plain.ffprobe, entries, gpus.plain.env, limits);
    const flags = stdout.trim().split('\n');
    const keys = flags.flatMap((flag, index) => (flag.startsWith('K') ? [index] : []));
    expect(keys).toEqual([0, 15]);
  });

  const quality = { kind: 'quality', value: 21 } as const;

  it.each(['h264', 'hevc', 'av1', 'vp9'] as const)('ask %s for constant quality', async (codec) => {
    const target: VideoTarget = { ...base, codec, rate: quality, container: 'mkv' };
    expect((await encode(target)).init).toMatchObject({ codec, rateControl: 'ICQ', quality: 21 });
  });

  it.each([
    ['h264', 21],
    ['hevc', 25],
    // FFmpeg makes key frames better, by a factor of 0.8.
    ['av1', 102],
    ['vp9', 118],
  ] as const)('ask %s for constant quantizers where the driver has no constant quality', async (codec, qp) => {
    const target: VideoTarget = { ...base, codec, rate: quality, container: 'mkv' };
    const faults = { reject: ['va-icq', 'va-qvbr', 'va-vbr', 'va-cbr'] } as const;
    const { init } = await encode(target, { offered: ['CQP'], faults });
    expect(init).toMatchObject({ codec, rateControl: 'CQP', qp });
  });

  it.each(['h264', 'hevc', 'av1', 'vp9'] as const)('ask %s for quality below a highest rate', async (codec) => {
    const target: VideoTarget = { ...base, codec, rate: { ...quality, max: 3_000_000 }, container: 'mkv' };
    const { init } = await encode(target);
    expect(init).toMatchObject({ codec, rateControl: 'QVBR', quality: 21, targetKbps: 2250, maxKbps: 3000 });
  });

  it('ask for a constant rate where the driver has no other', async () => {
    const faults = { reject: ['va-vbr', 'va-icq', 'va-qvbr'] } as const;
    const { init } = await encode(base, { offered: ['CQP', 'CBR'], faults });
    expect(init).toMatchObject({ rateControl: 'CBR', targetKbps: 2000, maxKbps: 2000 });
  });

  it.each([
    ['performance', 7],
    ['balanced', 4],
    ['quality', 1],
  ] as const)('make preset %s quality level %d', async (preset, qualityLevel) => {
    expect((await encode({ ...base, preset })).init).toMatchObject({ qualityLevel });
  });

  it('leave the low-power engine where no trial has succeeded on it', async () => {
    const { init } = await encode(base, { lowPower: false, faults: { reject: ['va-lowpower'] } });
    expect(init.lowPower).toBe(false);
  });

  it('put a key frame at least every 256 frames where the job does not say', async () => {
    const { keyframeInterval: _, ...unsaid } = base;
    expect((await encode(unsaid)).init.gop).toBe(256);
  });

  const hdr = [
    ['pq', 'hevc', 'mp4', 'smpte2084', 16],
    ['hlg', 'hevc', 'mp4', 'arib-std-b67', 18],
    ['pq', 'av1', 'mp4', 'smpte2084', 16],
    // Its own way to the driver is missing in FFmpeg: the trace knows none.
    ['pq', 'vp9', 'webm', 'smpte2084', 2],
  ] as const;

  it.each(hdr)('keep the colours of %s in %s', async (...row) => {
    const [dynamicRange, codec, container, name, number] = row;
    const { file, init } = await encode({ ...base, codec, bitDepth: 10, dynamicRange, container });
    expect(init.colour.transfer).toBe(number);
    const colours = 'stream=color_range,color_space,color_transfer,color_primaries';
    const argv = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', colours, '-of', 'json', file];
    const { stdout } = await runTool(gpus.plain.ffprobe, argv, gpus.plain.env, limits);
    expect(JSON.parse(stdout)).toMatchObject({
      streams: [{ color_range: 'tv', color_space: 'bt2020nc', color_transfer: name, color_primaries: 'bt2020' }],
    });
  });
});

interface Options {
  readonly lowPower?: boolean;
  readonly offered?: readonly RateControl[];
  readonly faults?: Faults;
}
