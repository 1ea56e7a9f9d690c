import { basename, dirname } from 'node:path';
import type { Operation } from '../src/model/job/operations.ts';
import { clipFolder } from '../test/support/cached-clip.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { benchClip } from './lib/clip.ts';
import { withFolder } from './lib/with-folder.ts';
import { buildWorker, runWorker } from './lib/worker-run.ts';

const seconds = 60;
let attempts = 0;

const edits: readonly Operation[] = [
  { trim: { start: 5.5, end: 50 } },
  { blur: { regions: [{ x: 200, y: 200, width: 480, height: 270 }] } },
  { subtitle: { captions: [{ from: 1000, to: 30_000, text: 'Four edits, one encode' }], mode: 'burn' } },
  { speedRamp: { segments: [{ start: 10, end: 20, speed: 2 }] } },
];
const output = { container: 'mp4', video: { codec: 'h264', quality: 23, preset: 'performance' } } as const;

export const benchmark: Benchmark = {
  title: `Four edits (trim, blur, subtitle, speed ramp) of ${seconds} s of 1080p: fused against step by step`,
  method:
    'One job with four operations, against four jobs of one operation each, every one on the output of the one before. Both by ' +
    'the built worker process, wall time from start to end, alternating after one warm-up of each; medians.',
  goal: 'at least 2.5',
  measure: ({ runs, print }) =>
    withFolder(async (folder) => {
      await buildWorker();
      const [fused, stepwise]: [number[], number[]] = [[], []];
      for (let run = 0; run <= runs; run++) {
        const one = await edit(edits, clipFolder, await benchClip(seconds), folder);
        if (one.processes !== 1)
          throw new Error(`Expected one FFmpeg process for the fused edits, got ${one.processes}`);
        let [root, file, total] = [clipFolder, await benchClip(seconds), 0];
        for (const single of edits) {
          const step = await edit([single], root, file, folder);
          total += step.seconds;
          [root, file] = [dirname(step.output), basename(step.output)];
        }
        print(
          `${run === 0 ? 'warm-up' : `run ${run}`}: fused ${one.seconds.toFixed(2)} s, step by step ${total.toFixed(2)} s`,
        );
        if (run === 0) continue;
        fused.push(one.seconds);
        stepwise.push(total);
      }
      const ratio = median(stepwise.map((value, index) => value / (fused[index] ?? Number.NaN)));
      return {
        ours: `${median(fused).toFixed(2)} s`,
        other: `${median(stepwise).toFixed(2)} s (step by step)`,
        ratio: ratio.toFixed(2),
      };
    }),
};

async function edit(
  operations: readonly Operation[],
  mediaRoot: string,
  file: string,
  folder: string,
): Promise<{ seconds: number; output: string; processes: number | undefined }> {
  const spec = {
    inputs: [{ name: 'main', file }],
    operations: [...operations],
    output,
    acceleration: 'Disabled' as const,
  };
  const { seconds: took, output: path, result } = await runWorker(spec, mediaRoot, folder, ++attempts);
  return { seconds: took, output: path, processes: result.processes };
}
