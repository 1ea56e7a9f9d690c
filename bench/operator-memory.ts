import { type Benchmark, median } from './lib/benchmark.ts';
import { missingPrograms, startBenchCluster } from './lib/operator/bench-cluster.ts';
import { buildOperator, startOperator } from './lib/operator/operator-process.ts';
import { usageOf } from './lib/operator/process-usage.ts';
import { seedRenderJobs, waitingShare } from './lib/operator/seed.ts';
import { untilQuiet } from './lib/operator/until-quiet.ts';
import { withFolder } from './lib/with-folder.ts';

const sizes = [1000, 10_000, 50_000] as const;

export const benchmark: Benchmark = {
  title: 'Memory of the operator with 1,000, 10,000 and 50,000 RenderJobs',
  method:
    `The operator as it is built and deployed, with so many RenderJobs in the API (${waitingShare * 100} % waiting for one slot, the rest succeeded, each with its Job), ` +
    'against the same operator with none: the highest resident set (VmHWM, of which 55 MB are the program file of Node) from its start until it ' +
    'has written why each waiting job waits, at most 20 s; medians.',
  goal: 'at most 150 MB at 10,000',
  missing: () => missingPrograms('cluster'),
  measure: ({ runs, quick, print }) =>
    withFolder(async (folder) => {
      await buildOperator();
      const measured = new Map<number, number[]>([0, ...(quick ? [1000] : sizes)].map((size) => [size, []]));
      for (let run = 1; run <= runs; run++) {
        for (const [size, figures] of measured) {
          figures.push(await peakOf(size, folder));
          print(`run ${run}: ${figures.at(-1)} MB with ${size} RenderJobs`);
        }
      }
      const at = (size: number): number => median(measured.get(size) ?? []);
      const filled = [...measured.keys()].filter((size) => size > 0);
      return {
        ours: filled.map((size) => `${at(size)} MB (${size.toLocaleString('en')})`).join(', '),
        other: `${at(0)} MB (none)`,
        ratio: filled.map((size) => (at(size) / at(0)).toFixed(2)).join(', '),
      };
    }),
};

/** In megabytes of 1,000,000 bytes. */
async function peakOf(size: number, folder: string): Promise<number> {
  await using cluster = await startBenchCluster();
  if (size > 0) await seedRenderJobs(cluster, size);
  await using operator = await startOperator(cluster, { folder, slots: 1 });
  await untilQuiet(cluster.plane.etcd, 20);
  return Math.round((await usageOf(operator.pid)).peakMb);
}
