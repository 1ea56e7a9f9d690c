import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTool } from '../../src/media/ffmpeg/run/run-tool.ts';
import type { Capabilities, GpuEncode } from '../../src/media/gpu/capabilities.ts';
import { capabilitiesWith, capabilitiesWithout, countFrames, renderWith } from '../support/backend-jobs.ts';
import { scratch } from '../support/media.ts';
import { describeOnSoftwareGpu, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';

const limits = { timeoutMs: 60_000, outputBytes: 4096, signal: new AbortController().signal };
const codecs = [
  ['h264', 'mp4'],
  ['hevc', 'mp4'],
  ['av1', 'mp4'],
  ['vp9', 'webm'],
] as const;

// A cut makes FFmpeg 7 forget the frame rate, and an encoder would take the time base for it: 90 000 frames per second.
describeOnSoftwareGpu('a cut of a variable frame rate, with FFmpeg 7', (gpus) => {
  let dir: Awaited<ReturnType<typeof scratch>>;
  let input: string;
  beforeAll(async () => {
    dir = await scratch();
    input = join(dir.path, 'variable.mp4');
    const video = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30:d=3', '-vf', "select='not(eq(mod(n,7),3))'"];
    const encode = ['-fps_mode', 'vfr', '-c:v', 'libx264', '-crf', '12', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
    const run = await runTool(gpus.plain.ffmpeg, ['-v', 'error', ...video, ...encode, input], gpus.plain.env, limits);
    expect(run).toMatchObject({ exitCode: 0 });
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  const jobOf = (codec: (typeof codecs)[number][0], container: 'mp4' | 'webm') => ({
    input,
    operations: [{ trim: { start: 0.5, end: 2.5 } }],
    output: { container, video: { codec, bitrate: '800k', preset: 'performance' } } as const,
  });

  it.each(codecs)('gets its bits in %s on the CPU, and keeps its times', async (codec, container) => {
    const capabilities = await capabilitiesWithout(gpus, dir.path);
    const { path, plan } = await renderWith(gpus.plain, capabilities, dir.path, jobOf(codec, container));
    expect(await countFrames(gpus.plain, path)).toBeGreaterThan(45);
    // 200 000 bytes are asked for; with the wrong rate there are a tenth of them, or no file.
    expect((await stat(path)).size).toBeGreaterThan(80_000);
    expect(plan.notes).toEqual([]);
  });

  const vaapi = async (gpu: SoftwareGpu): Promise<Capabilities> => {
    const found = await capabilitiesWith(gpus, gpu, ['qsv-encode']);
    const encodes = codecs.map(([codec]): GpuEncode => ({ backend: 'vaapi', codec, bitDepth: 8, lowPower: true }));
    return { ...found, devices: [{ node: gpu.node, driver: 'i915', encodes }] };
  };
  const backends = {
    'qsv-full': (gpu: SoftwareGpu) => capabilitiesWith(gpus, gpu, ['qsv-full']),
    'qsv-encode': (gpu: SoftwareGpu) => capabilitiesWith(gpus, gpu, ['qsv-encode']),
    vaapi,
  };

  it.each(['qsv-full', 'qsv-encode', 'vaapi'] as const)(
    'is put on a grid on %s, which the plan says',
    async (backend) => {
      const gpu = await gpus.create(dir.path);
      const { path, plan } = await renderWith(gpu.tools, await backends[backend](gpu), dir.path, jobOf('h264', 'mp4'));
      expect(plan).toMatchObject({ backend, notes: [expect.stringMatching(/on a grid of/) as unknown] });
      const trace = await gpu.trace();
      const encoders = [...eventsOf(trace, 'encode.init'), ...eventsOf(trace, 'va.encode.init')];
      // The mean is below 26; the next grid keeps every frame but one in a thousand.
      expect(encoders.map(({ frameRate }) => frameRate)).toEqual(['30000/1001']);
      expect(await countFrames(gpus.plain, path)).toBe(60);
      expect((await stat(path)).size).toBeGreaterThan(80_000);
    },
  );
});
