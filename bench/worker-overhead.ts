import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenderJobSpec } from '../src/model/job/render-job.ts';
import { clipFolder } from '../test/support/cached-clip.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { benchClip } from './lib/clip.ts';
import { runTool } from './lib/run-tool.ts';
import { withFolder } from './lib/with-folder.ts';
import { buildWorker, runWorker } from './lib/worker-run.ts';

const seconds = 60;

export const benchmark: Benchmark = {
  title: `Worker against raw FFmpeg, ${seconds} s of 1080p to H.264`,
  method:
    `The built worker process from its start to its end (probe, plan, encode, verify, publish) on ${seconds} s of 1080p30, ` +
    'against ffmpeg alone with the very arguments that the worker used. Alternating, after one warm-up of each; medians of wall time.',
  goal: 'at most 1.03',
  measure: ({ runs, print }) =>
    withFolder(async (folder) => {
      await buildWorker();
      const spec: RenderJobSpec = {
        inputs: [{ name: 'main', file: await benchClip(seconds) }],
        operations: [{ transcode: { force: true } }],
        output: {
          container: 'mp4',
          video: { codec: 'h264', quality: 23 },
          audio: { codec: 'aac' },
        },
        acceleration: 'Disabled',
      };
      const [ours, raw]: [number[], number[]] = [[], []];
      for (let run = 0; run <= runs; run++) {
        const worker = await runWorker(spec, clipFolder, folder, run + 1);
        const alone = await rawFfmpeg(worker.steps, worker.scratchDir, join(folder, 'raw'));
        print(
          `${run === 0 ? 'warm-up' : `run ${run}`}: worker ${worker.seconds.toFixed(2)} s, ffmpeg ${alone.toFixed(2)} s`,
        );
        if (run === 0) continue;
        ours.push(worker.seconds);
        raw.push(alone);
      }
      const ratio = median(ours.map((value, index) => value / (raw[index] ?? Number.NaN)));
      return {
        ours: `${median(ours).toFixed(2)} s`,
        other: `${median(raw).toFixed(2)} s (ffmpeg alone)`,
        ratio: ratio.toFixed(3),
      };
    }),
};

async function rawFfmpeg(steps: readonly (readonly string[])[], scratchDir: string, folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  let total = 0;
  for (const argv of steps) {
    const moved = argv.map((argument) => argument.replaceAll(scratchDir, folder));
    total += (
      await runTool('ffmpeg', ['-hide_banner', '-nostdin', '-nostats', '-y', '-v', 'warning', '-xerror', ...moved])
    ).seconds;
  }
  return total;
}
