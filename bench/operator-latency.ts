import { join } from 'node:path';
import { type Benchmark, median } from './lib/benchmark.ts';
import { atOnce, missingPrograms } from './lib/operator/bench-cluster.ts';
import { conditions, framewright, jobSetController, type Latencies, latenciesOf } from './lib/operator/contenders.ts';
import { buildOperator } from './lib/operator/operator-process.ts';
import { withFolder } from './lib/with-folder.ts';

const jobs = 1000;

export const benchmark: Benchmark = {
  title: `RenderJob created to Job created, ${jobs.toLocaleString('en')} in a burst: p50, p95, p99, against JobSet`,
  method:
    `${jobs} objects are made by ${atOnce} clients at once while the controller runs: from the answer to each creation until a watch ` +
    `has seen its Job, so a burst that is faster than the controller waits in its queue. ${conditions} In turn; medians.`,
  goal: 'below JobSet',
  runs: 5,
  missing: () => missingPrograms('cluster', 'jobset'),
  measure: ({ runs, quick, print }) =>
    withFolder(async (folder) => {
      await buildOperator();
      const count = quick ? 200 : jobs;
      const [ours, others]: [Latencies[], Latencies[]] = [[], []];
      for (let run = 1; run <= runs; run++) {
        const mine = await latenciesOf(framewright, count, folder);
        const other = await latenciesOf(jobSetController, count, join(folder, `jobset-${run}`));
        ours.push(mine);
        others.push(other);
        print(`run ${run}: operator ${text(mine)}; JobSet ${text(other)}`);
      }
      return {
        ours: text(medians(ours)),
        other: `${text(medians(others))} (JobSet)`,
        ratio: `${(medians(others).p95 / medians(ours).p95).toFixed(1)} at p95`,
      };
    }),
};

function medians(all: readonly Latencies[]): Latencies {
  const of = (name: keyof Latencies): number => median(all.map((one) => one[name]));
  return { p50: of('p50'), p95: of('p95'), p99: of('p99') };
}

function text({ p50, p95, p99 }: Latencies): string {
  return `${[p50, p95, p99].map((value) => value.toFixed(0)).join(' / ')} ms`;
}
