import type { Output } from '../src/model/job/output.ts';
import { clipFolder } from '../test/support/cached-clip.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { benchClip } from './lib/clip.ts';
import { withFolder } from './lib/with-folder.ts';
import { buildWorker, runWorker } from './lib/worker-run.ts';

const seconds = 60;
const heights = [720, 480, 360] as const;
let attempts = 0;

const output: Output = {
  container: 'hls',
  video: { codec: 'h264', quality: 23, preset: 'performance' },
  audio: { codec: 'aac', bitrate: '128k' },
};
const rendition = (height: number): NonNullable<Output['renditions']>[number] => ({
  name: `${height}p`,
  video: { resolution: { height } },
});

export const benchmark: Benchmark = {
  title: `HLS ladder (${heights.map((height) => `${height}p`).join(', ')}) of ${seconds} s of 1080p: one decode against three runs`,
  method:
    'One hls job with three renditions, against three hls jobs with one of them each. All by the built worker process, cut, checked ' +
    'and published, wall time from start to end, alternating after one warm-up of each; medians.',
  goal: 'above 1.2',
  measure: ({ runs, print }) =>
    withFolder(async (folder) => {
      await buildWorker();
      const file = await benchClip(seconds);
      const render = async (renditions: NonNullable<Output['renditions']>): Promise<number> => {
        const inputs = [{ name: 'main', file }];
        const spec = { inputs, output: { ...output, renditions }, acceleration: 'Disabled' as const };
        const { result, seconds: took } = await runWorker(spec, clipFolder, folder, ++attempts);
        if (result.processes !== 1) throw new Error(`Expected one FFmpeg process, got ${result.processes}`);
        return took;
      };
      const [ladders, apart]: [number[], number[]] = [[], []];
      for (let run = 0; run <= runs; run++) {
        const one = await render(heights.map(rendition));
        let three = 0;
        for (const height of heights) three += await render([rendition(height)]);
        print(`${run === 0 ? 'warm-up' : `run ${run}`}: ladder ${one.toFixed(2)} s, three runs ${three.toFixed(2)} s`);
        if (run === 0) continue;
        ladders.push(one);
        apart.push(three);
      }
      const ratio = median(apart.map((value, index) => value / (ladders[index] ?? Number.NaN)));
      return {
        ours: `${median(ladders).toFixed(2)} s`,
        other: `${median(apart).toFixed(2)} s (three runs)`,
        ratio: ratio.toFixed(2),
      };
    }),
};
