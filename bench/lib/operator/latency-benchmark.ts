import { join } from 'node:path';
import { type Benchmark, median } from '../benchmark.ts';
import { withFolder } from '../with-folder.ts';
import { missingPrograms, parallelCalls } from './bench-cluster.ts';
import { conditions, framewright, jobSetController, type Latencies, latenciesOf, windowSeconds } from './contenders.ts';
import { buildOperator } from './operator-process.ts';

/** RenderJobs that are created in parallel while the operator runs: how long each waits for its Job. */
export function latencyBenchmark(jobs: number): Benchmark {
  return {
    title: `RenderJob created to Job created, ${jobs.toLocaleString('en')} in a burst: p50, p95, p99, against JobSet`,
    method:
      `${jobs} objects are made by ${parallelCalls} clients in parallel while the controller runs: from the answer to each creation until a watch ` +
      `has seen its Job, so a burst that is faster than the controller waits in its queue. What JobSet has not come to ${windowSeconds} s after the last ` +
      `creation counts as waiting until then (>). ${conditions} One after the other; medians.`,
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
          if (mine.seen < 1)
            throw new Error(`Expected ${count} Jobs within ${windowSeconds} s, got ${mine.seen * count}`);
          const other = await latenciesOf(jobSetController, count, join(folder, `jobset-${run}`));
          ours.push(mine);
          others.push(other);
          print(`run ${run}: operator ${text(mine)}; JobSet ${text(other)}`);
        }
        return {
          ours: text(medians(ours)),
          other: `${text(medians(others))} (JobSet)`,
          ratio: `${isOpen(medians(others), 0.95) ? 'more than ' : ''}${(medians(others).p95 / medians(ours).p95).toFixed(1)} at p95`,
        };
      }),
  };
}

function medians(all: readonly Latencies[]): Latencies {
  const of = (name: keyof Latencies): number => median(all.map((one) => one[name]));
  return { p50: of('p50'), p95: of('p95'), p99: of('p99'), seen: of('seen') };
}

/** Whether those at that share still waited at the end of the observation. */
function isOpen({ seen }: Latencies, share: number): boolean {
  return share > seen;
}

function text(one: Latencies): string {
  const { p50, p95, p99 } = one;
  const shown = [
    [p50, 0.5],
    [p95, 0.95],
    [p99, 0.99],
  ] as const;
  return `${shown.map(([value, share]) => `${isOpen(one, share) ? '> ' : ''}${value.toFixed(0)}`).join(' / ')} ms`;
}
