import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../software-gpu/set-up/run.ts';
import { capabilitiesWith, countFrames, renderWith } from '../support/backend-jobs.ts';
import { describeOnSoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';

const frames = 25;
const video = {
  codec: 'h264',
  hdr: 'tonemap',
  bitrate: '2M',
  preset: 'performance',
  resolution: { height: 90 },
} as const;
/** As ITU-T H.273 numbers them. */
const [bt709, bt2020, pq] = [1, 9, 16];

describeOnSoftwareGpu('tone mapping on the GPU', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-tones-'));
    const display = 'master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)';
    const colours = 'colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1';
    const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', '-x265-params'];
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=1'];
    const tags = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'];
    const make = (...argv: readonly string[]) => run(gpus.plain.ffmpeg, ['-v', 'error', ...argv]);
    const said = `log-level=error:${colours}:${display}:max-cll=1000,400`;
    await make(...source, ...x265, said, ...tags, join(dir, 'in-frames.mp4'));
    await make(...source, ...x265, `log-level=error:${colours}`, ...tags, join(dir, 'no-light-level.mp4'));
    // FFmpeg writes into the container what it reads from frames.
    await make('-i', join(dir, 'in-frames.mp4'), ...x265, 'log-level=error', join(dir, 'light-level.mp4'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const render = async (input: string) => {
    const gpu = await gpus.create(dir);
    const job = { input: join(dir, input), output: { container: 'mp4', video } } as const;
    const rendered = await renderWith(gpu.tools, await capabilitiesWith(gpus, gpu, ['qsv-full']), dir, job);
    const processors = eventsOf(await gpu.trace(), 'vpp.init');
    return { ...rendered, trace: await gpu.trace(), processors };
  };

  it('is one pass with scaling for a film with a light level', async () => {
    const { plan, path, probe, trace, processors } = await render('light-level.mp4');
    expect(plan.steps[0]?.placements).toContainEqual(expect.objectContaining({ what: 'tonemap', runsOn: 'gpu' }));
    expect(processors).toHaveLength(1);
    expect(processors).toMatchObject([
      {
        in: { format: 'p010', primaries: bt2020, transfer: pq, matrix: bt2020 },
        out: { format: 'nv12', height: 90, primaries: bt709, transfer: bt709, matrix: bt709 },
      },
    ]);
    expect(processors[0]?.operations).toContain('tone-map');
    const colour = { primaries: bt709, transfer: bt709, matrix: bt709 };
    expect(eventsOf(trace, 'encode.init')).toMatchObject([{ codec: 'h264', bitDepth: 8, colour }]);
    expect(await countFrames(gpus.plain, path)).toBe(frames);
    expect(probe.video[0]).toMatchObject({ colorTransfer: 'bt709', colorPrimaries: 'bt709' });
    expect(probe.video[0]?.hdr).toBeUndefined();
  });

  it.each([
    ['has no light level, which the processor would not change', 'no-light-level.mp4'],
    ['has it in its frames only, which the decoder may not report', 'in-frames.mp4'],
  ])('is made in main memory for a film that %s', async (_what, input) => {
    const { plan, path, probe, processors } = await render(input);
    expect(plan.backend).toBe('qsv-full');
    expect(plan.steps[0]?.placements).toContainEqual(expect.objectContaining({ what: 'tonemap', runsOn: 'cpu' }));
    expect(processors.flatMap(({ operations }) => operations)).not.toContain('tone-map');
    expect(await countFrames(gpus.plain, path)).toBe(frames);
    expect(probe.video[0]).toMatchObject({ colorTransfer: 'bt709' });
  });
});
