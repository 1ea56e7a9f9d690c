import { join } from 'node:path';
import { type Benchmark, median } from '../benchmark.ts';
import { spread } from '../spread.ts';
import { withFolder } from '../with-folder.ts';
import { missingPrograms } from './bench-cluster.ts';
import { conditions, framewright, jobSetController, rateOf, rateOfBareJobs } from './contenders.ts';
import { buildOperator } from './operator-process.ts';

/** RenderJobs that are there when the operator starts: how fast their Jobs come into being. */
export function rateBenchmark(jobs: number): Benchmark {
  return {
    title: `RenderJobs to Jobs, ${jobs.toLocaleString('en')} in parallel: rate against a loop that makes the same bare Jobs, and JobSet`,
    method:
      `${jobs} objects are made, then the controller is started: Jobs per second between the first and the last one, as counted in etcd ` +
      `(of JobSet in at most 45 s). ${conditions} One after the other; medians and lowest to highest.`,
    goal: 'at least 60 % of bare Jobs, 8 times JobSet',
    runs: 5,
    missing: () => missingPrograms('cluster', 'jobset'),
    measure: ({ runs, quick, print }) =>
      withFolder(async (folder) => {
        await buildOperator();
        const count = quick ? Math.min(jobs, 200) : jobs;
        const [ours, bare, jobSets]: [number[], number[], number[]] = [[], [], []];
        for (let run = 1; run <= runs; run++) {
          const ceiling = await rateOfBareJobs(count);
          const operator = await rateOf(framewright, count, folder);
          const other = await rateOf(jobSetController, count, join(folder, `jobset-${run}`));
          bare.push(ceiling);
          ours.push(operator.perSecond);
          jobSets.push(other.perSecond);
          print(
            `run ${run}: operator ${operator.perSecond.toFixed(0)}/s (${operator.writesPerJob.toFixed(1)} writes per Job until the last one, ` +
              `${operator.cpuSeconds.toFixed(1)} CPU s per 1,000), bare Jobs ${ceiling.toFixed(0)}/s, JobSet ${other.perSecond.toFixed(0)}/s ` +
              `(${other.writesPerJob.toFixed(1)} writes, ${other.cpuSeconds.toFixed(1)} CPU s)`,
          );
        }
        const share = median(ours.map((value, run) => value / (bare[run] ?? Number.NaN)));
        const times = median(ours.map((value, run) => value / (jobSets[run] ?? Number.NaN)));
        return {
          ours: `${spread(ours)} Jobs/s`,
          other: `${spread(bare)} (bare Jobs), ${spread(jobSets)} (JobSet)`,
          ratio: `${(share * 100).toFixed(0)} % of bare Jobs, ${times.toFixed(1)} × JobSet`,
        };
      }),
  };
}
