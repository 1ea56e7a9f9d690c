import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { qsvArguments, qsvDevice, qsvUpload } from '../../../src/media/encoders/qsv.ts';
import type { VideoTarget } from '../../../src/media/encoders/video-target.ts';
import { fixedArguments } from '../../../src/media/ffmpeg/run/ffmpeg-process.ts';
import { runTool } from '../../../src/media/ffmpeg/run/run-tool.ts';
import { filterText } from '../../../src/media/filters/write-graph.ts';
import { probeFile } from '../../../src/media/probe/run/probe-file.ts';
import { describeOnSoftwareGpu } from '../../support/software-gpu.ts';
import { eventsOf, type TraceEvent } from '../../support/software-gpu-trace.ts';

type EncoderInit = Extract<TraceEvent, { event: 'encode.init' }>;

const limits = { timeoutMs: 60_000, outputBytes: 1024, signal: new AbortController().signal };
const vbr = { kind: 'bitrate', mean: 2_000_000, max: 4_000_000 } as const;
const base: VideoTarget = {
  codec: 'h264',
  width: 320,
  height: 180,
  frameRate: { num: 30, den: 1 },
  variable: false,
  bitDepth: 8,
  dynamicRange: 'sdr',
  rate: vbr,
  preset: 'performance',
  keyframeInterval: 2,
  container: 'mp4',
};

describeOnSoftwareGpu('arguments of Quick Sync encoders', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-qsv-arguments-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  /** Encodes a second of video; what reached the runtime, and the file. */
  const encode = async (
    target: VideoTarget,
    lowPower = true,
  ): Promise<{ readonly init: EncoderInit; readonly file: string }> => {
    const gpu = await gpus.create(dir);
    const file = `${gpu.node}.mkv`;
    const colours = 'setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv';
    const filters = [...(target.dynamicRange === 'pq' ? [colours] : []), ...qsvUpload(target).map(filterText)];
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30:d=1', '-vf', filters.join(',')];
    const argv = [...qsvDevice(gpu.node), ...source, ...qsvArguments(target, lowPower), file];
    const fixed = fixedArguments().filter((argument) => !['-progress', 'pipe:3'].includes(argument));
    const { exitCode, stderr } = await runTool(gpu.tools.ffmpeg, [...fixed, ...argv], gpu.tools.env, limits);
    expect(stderr).not.toMatch(/has not been used|unknown option|Unrecognized/i);
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    const trace = await gpu.trace();
    const [init] = eventsOf(trace, 'encode.init');
    if (init === undefined) throw new Error('Expected an encoder to be opened, got no such event');
    // Every frame came out, and the container has them all.
    expect(eventsOf(trace, 'encode.close')).toMatchObject([{ frames: 30, packets: 30 }]);
    const { video } = await probeFile(file, { tools: gpu.tools, signal: limits.signal });
    expect(video).toMatchObject([{ codec: target.codec, width: 320, height: 180 }]);
    return { init, file };
  };

  it.each([
    [
      'h264',
      8,
      { format: 'nv12', profile: 100, refDist: 8, refs: 5, bitrateLimit: false, adaptiveI: true, adaptiveB: true },
    ],
    ['hevc', 8, { format: 'nv12', profile: 1, refDist: 8, refs: 4, idrInterval: 1 }],
    ['hevc', 10, { format: 'p010', profile: 2, refDist: 8, refs: 4, idrInterval: 1 }],
    ['av1', 8, { format: 'nv12', profile: 1, refDist: 8 }],
    ['av1', 10, { format: 'p010', profile: 1, refDist: 8 }],
  ] as const)('ask %s with %d bits for a bit rate with look-ahead', async (codec, bitDepth, own) => {
    const { init } = await encode({ ...base, codec, bitDepth });
    expect(init).toMatchObject({
      ...own,
      codec,
      bitDepth,
      memory: 'video',
      width: 320,
      height: 180,
      frameRate: '30/1',
      lowPower: true,
      asyncDepth: 1,
      targetUsage: 7,
      gop: 60,
      rateControl: 'VBR',
      targetKbps: 2000,
      maxKbps: 4000,
      bufferKB: 1000,
      initialDelayKB: 500,
      lookAheadDepth: 8,
      extBrc: true,
      // B frames as references: a pyramid.
      bRefType: 2,
    });
  });

  it.each([
    [8, 'nv12', 1],
    [10, 'p010', 3],
  ] as const)('ask vp9 with %d bits for a bit rate, without B frames', async (bitDepth, format, profile) => {
    const { init } = await encode({ ...base, codec: 'vp9', bitDepth });
    expect(init).toMatchObject({
      codec: 'vp9',
      bitDepth,
      format,
      profile,
      refDist: 1,
      rateControl: 'VBR',
      targetKbps: 2000,
      maxKbps: 4000,
      extBrc: null,
    });
  });

  it.each(['h264', 'hevc', 'av1', 'vp9'] as const)('ask %s for constant quality', async (codec) => {
    const { init } = await encode({ ...base, codec, rate: { kind: 'quality', value: 21 } });
    expect(init).toMatchObject({ codec, rateControl: 'ICQ', quality: 21 });
  });

  it.each(['h264', 'hevc', 'av1'] as const)('ask %s for constant quality below a highest rate', async (codec) => {
    const { init } = await encode({ ...base, codec, rate: { kind: 'quality', value: 21, max: 3_000_000 } });
    expect(init).toMatchObject({ codec, rateControl: 'QVBR', quality: 21, maxKbps: 3000 });
    expect(init.targetKbps).toBeLessThan(3000);
  });

  // FFmpeg has no way to give vp9 a quality and a rate.
  it('ask vp9 for a rate where quality has a highest rate', async () => {
    const { init } = await encode({ ...base, codec: 'vp9', rate: { kind: 'quality', value: 21, max: 3_000_000 } });
    expect(init).toMatchObject({ codec: 'vp9', rateControl: 'VBR', maxKbps: 3000 });
  });

  it.each([
    ['performance', 7, 8],
    ['balanced', 4, 40],
    ['quality', 1, 40],
  ] as const)(
    'make preset %s target usage %d and look %d frames ahead',
    async (preset, targetUsage, lookAheadDepth) => {
      const { init } = await encode({ ...base, preset });
      expect(init).toMatchObject({ targetUsage, lookAheadDepth });
    },
  );

  it('leave the low-power engine to the runtime where no trial has succeeded on it', async () => {
    expect((await encode(base, false)).init.lowPower).not.toBe(true);
  });

  it('put a key frame at least every 256 frames where the job does not say', async () => {
    const { keyframeInterval: _, ...unsaid } = base;
    expect((await encode(unsaid)).init.gop).toBe(256);
  });

  it('keep the colours of HDR', async () => {
    const { init, file } = await encode({ ...base, codec: 'hevc', bitDepth: 10, dynamicRange: 'pq' });
    expect(init.colour).toEqual({ fullRange: 0, primaries: 9, transfer: 16, matrix: 9 });
    const { video } = await probeFile(file, { tools: gpus.plain, signal: limits.signal });
    expect(video).toMatchObject([{ pixelFormat: expect.stringContaining('10le') as unknown }]);
  });
});
