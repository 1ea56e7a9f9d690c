import { join } from 'node:path';
import { generationOf } from '../src/media/gpu/gpu-generation.ts';
import { detectMachine } from '../src/media/gpu/run/detect-capabilities.ts';
import { systemFolders } from '../src/media/gpu/run/render-nodes.ts';
import type { RenderJobSpec } from '../src/model/job/render-job.ts';
import { clipFolder } from '../test/support/cached-clip.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { benchClip } from './lib/clip.ts';
import { runTool } from './lib/run-tool.ts';
import { withFolder } from './lib/with-folder.ts';
import { buildWorker, runWorker } from './lib/worker-run.ts';

const seconds = 60;
const program = process.env['FRAMEWRIGHT_FFMPEG'] ?? 'ffmpeg';

export const benchmark: Benchmark = {
  title: `${seconds} s of 1080p to H.264 at 6 Mbit/s: Quick Sync against x264`,
  method:
    `The built worker on ${seconds} s of 1080p30 with acceleration Required, and the same with acceleration Disabled, both with the ` +
    'preset `balanced` and the same bit rate. Alternating, after one warm-up of each; medians of wall time. The PSNR against the source ' +
    'stands beside each time: a faster encode of worse quality is no gain.',
  goal: 'none: it depends on the GPU',
  page: 'benchmarks-gpu.md',
  missing: async () => {
    const { name, problem } = await gpu();
    return name === undefined ? problem : undefined;
  },
  measure: ({ runs, print }) =>
    withFolder(async (folder) => {
      await buildWorker();
      const { name = 'unknown GPU' } = await gpu();
      const clip = await benchClip(seconds);
      const [times, quality] = [{ Required: [], Disabled: [] } as Record<Side, number[]>, new Map<Side, number>()];
      const backends = new Map<Side, string>();
      for (let run = 0; run <= runs; run++) {
        for (const [index, side] of variants.entries()) {
          const worker = await runWorker(specOf(clip, side), clipFolder, folder, run * variants.length + index + 1);
          const backend = worker.result.acceleration?.backend ?? 'unknown';
          print(`${run === 0 ? 'warm-up' : `run ${run}`}: ${backend} ${worker.seconds.toFixed(2)} s`);
          backends.set(side, backend);
          if (run === 0) quality.set(side, await psnr(join(clipFolder, clip), worker.output));
          else times[side].push(worker.seconds);
        }
      }
      const text = (side: Side): string =>
        `${median(times[side]).toFixed(2)} s, ${quality.get(side)?.toFixed(1) ?? '?'} dB (${backends.get(side) ?? '?'})`;
      const ratio = median(times.Disabled.map((value, index) => value / (times.Required[index] ?? Number.NaN)));
      return { ours: text('Required'), other: text('Disabled'), ratio: ratio.toFixed(2), machine: name };
    }),
};

const variants = ['Required', 'Disabled'] as const;
type Side = (typeof variants)[number];

function specOf(clip: string, acceleration: Side): RenderJobSpec {
  return {
    inputs: [{ name: 'main', file: clip }],
    operations: [{ transcode: { force: true } }],
    output: {
      container: 'mp4',
      video: { codec: 'h264', bitrate: '6M', preset: 'balanced' },
      audio: { codec: 'aac' },
    },
    acceleration,
  };
}

/** The GPU that the worker takes: its model and drivers, or why there is none. */
async function gpu(): Promise<{ readonly name?: string; readonly problem: string }> {
  const tools = { ffmpeg: program, ffprobe: process.env['FRAMEWRIGHT_FFPROBE'] ?? 'ffprobe', env: plainEnvironment() };
  const folders = {
    dri: process.env['FRAMEWRIGHT_DRI_DIR'] ?? systemFolders.dri,
    drmClass: process.env['FRAMEWRIGHT_DRM_CLASS_DIR'] ?? systemFolders.drmClass,
  };
  const { capabilities, nodes } = await detectMachine({ tools, folders, signal: new AbortController().signal });
  const { devices, unavailable } = capabilities;
  const device = devices.find(({ encodes }) =>
    encodes.some(({ backend, codec }) => backend !== 'vaapi' && codec === 'h264'),
  );
  if (device === undefined)
    return { problem: `it needs an Intel GPU: ${unavailable['qsv-encode']?.message ?? 'none encodes H.264'}` };
  if (device.driver.includes('stand-in'))
    return { problem: 'the software GPU of the tests is no GPU, its figures say nothing' };
  const number = nodes.find(({ node }) => node === device.node)?.device;
  return { name: `${generationOf(number)?.name ?? 'Intel GPU'} ${number ?? ''} (${device.driver})`, problem: '' };
}

function plainEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Mean PSNR in dB of all frames. */
async function psnr(source: string, output: string): Promise<number> {
  const graph = '[0:v][1:v]psnr=stats_file=-';
  const { stdout } = await runTool(program, [
    '-v',
    'error',
    '-i',
    output,
    '-i',
    source,
    '-lavfi',
    graph,
    '-f',
    'null',
    '-',
  ]);
  const values = [...stdout.matchAll(/psnr_avg:([\d.]+)/g)].map((match) => Number(match[1]));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
