import { clipFolder } from '../test/support/cached-clip.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { benchClip, loopedClip } from './lib/clip.ts';
import { withFolder } from './lib/with-folder.ts';
import { buildWorker, runWorker } from './lib/worker-run.ts';

const minutes = 10;
const loops = 10;
const seconds = (minutes * 60) / loops;
let attempts = 0;

/** Neither end stands on a key frame, of which there is one every two seconds. */
const trim = { start: 5.5, end: minutes * 60 - 6.7 };
/** The re-encoded head and tail get the same preset. */
const output = { container: 'mp4', video: { codec: 'h264', preset: 'performance' } } as const;

export const benchmark: Benchmark = {
  title: `Exact trim of ${minutes} minutes of 1080p30 H.264: smart cut against full re-encode`,
  method:
    `One job that trims ${trim.start} s to ${trim.end} s, audio encoded once, as it is planned by itself (frames copied, those at ` +
    'the ends encoded), against the same job with transcode.force, which encodes every frame with the preset performance at ' +
    'quality 23. Both by the built worker process, wall time from start to end with all checks, alternating after one warm-up of ' +
    'the smart cut; medians. The video of the clip is one minute that is repeated by copying.',
  goal: 'at least 5',
  measure: ({ runs, print }) =>
    withFolder(async (folder) => {
      await buildWorker();
      const file = await loopedClip(await benchClip(seconds), seconds, loops);
      const [smart, full]: [number[], number[]] = [[], []];
      const cut = async (force: boolean): Promise<number> => {
        const operations = [{ trim }, ...(force ? [{ transcode: { force } }] : [])];
        const spec = { inputs: [{ name: 'main', file }], operations, output, acceleration: 'Disabled' as const };
        const { seconds: took, result } = await runWorker(spec, clipFolder, folder, ++attempts);
        const wanted = force ? 're-encode' : 'smart-cut';
        if (result.precision?.method !== wanted)
          throw new Error(`Expected the method ${wanted}, got ${JSON.stringify(result.precision)}`);
        if (!force) print(`${result.precision.copiedFrames} frames copied, ${result.precision.encodedFrames} encoded`);
        return took;
      };
      await cut(false);
      for (let run = 1; run <= runs; run++) {
        smart.push(await cut(false));
        full.push(await cut(true));
        print(`run ${run}: smart cut ${smart.at(-1)?.toFixed(2)} s, full re-encode ${full.at(-1)?.toFixed(2)} s`);
      }
      const ratio = median(full.map((value, index) => value / (smart[index] ?? Number.NaN)));
      return {
        ours: `${median(smart).toFixed(2)} s`,
        other: `${median(full).toFixed(2)} s (full re-encode)`,
        ratio: ratio.toFixed(1),
      };
    }),
};
