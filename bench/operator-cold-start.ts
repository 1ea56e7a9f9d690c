import { type Benchmark, median } from './lib/benchmark.ts';
import { missingPrograms, startBenchCluster } from './lib/operator/bench-cluster.ts';
import { etcdCount } from './lib/operator/etcd-counts.ts';
import { buildOperator, startOperator } from './lib/operator/operator-process.ts';
import { seedRenderJobs, waitingShare } from './lib/operator/seed.ts';
import { untilQuiet } from './lib/operator/until-quiet.ts';
import { waitForCount } from './lib/operator/wait-for-count.ts';
import { spread } from './lib/spread.ts';
import { withFolder } from './lib/with-folder.ts';

const jobs = 10_000;
const jobsInEtcd = '/registry/jobs/';

export const benchmark: Benchmark = {
  title: `Cold start of the operator with ${jobs.toLocaleString('en')} RenderJobs`,
  method:
    `From the start of the process until it leads with full caches, and until the first Job of a waiting RenderJob is in etcd; ${jobs} RenderJobs ` +
    `(${waitingShare * 100} % waiting, the rest succeeded, each with its Job) in the API, and a free slot; medians and lowest to highest.`,
  goal: 'first Job within 5 s',
  runs: 5,
  missing: () => missingPrograms('cluster'),
  measure: ({ runs, quick, print }) =>
    withFolder(async (folder) => {
      await buildOperator();
      await using cluster = await startBenchCluster();
      await seedRenderJobs(cluster, quick ? 1000 : jobs);
      const [synced, decided]: [number[], number[]] = [[], []];
      // The first one writes the reason of all waiting jobs; it is not measured.
      for (let run = 0; run <= runs; run++) {
        const { count } = await etcdCount(cluster.plane.etcd, jobsInEtcd);
        // Jobs get no pods here, so each start needs one slot more than the one before.
        await using operator = await startOperator(cluster, { folder, slots: run + 1 });
        const { firstAt } = await waitForCount(cluster.plane.etcd, jobsInEtcd, count + 1, 120, count);
        await untilQuiet(cluster.plane.etcd, 60);
        if (run === 0) continue;
        synced.push(operator.syncedSeconds);
        decided.push((firstAt - operator.startedAt) / 1000);
        print(
          `run ${run}: leads after ${operator.syncedSeconds.toFixed(2)} s, first Job after ${decided.at(-1)?.toFixed(2)} s`,
        );
      }
      return {
        ours: `first Job after ${spread(decided)} s`,
        other: `leads after ${spread(synced)} s`,
        ratio: (median(decided) / median(synced)).toFixed(2),
      };
    }),
};
