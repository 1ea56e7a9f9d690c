import { setTimeout as sleep } from 'node:timers/promises';
import { kubectl } from '../test/cluster/cluster.ts';
import { gpuNode } from '../test/cluster/gpu-node.ts';
import { startNatsServer } from '../test/cluster/services/nats-server.ts';
import { setUpPrograms } from '../test/cluster/set-up/set-up.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { startApi } from './lib/operator/api-process.ts';
import { createAll, missingPrograms, startBenchCluster } from './lib/operator/bench-cluster.ts';
import { collections, renderJob } from './lib/operator/bodies.ts';
import { percentile } from './lib/operator/latencies.ts';
import { buildOperator, startOperator } from './lib/operator/operator-process.ts';
import { readEvents } from './lib/operator/read-events.ts';
import { sendProgress } from './lib/operator/send-progress.ts';
import { listRunning, StatusAges } from './lib/operator/status-ages.ts';
import { withFolder } from './lib/with-folder.ts';

const jobs = 500;
const streams = 50;
const windowSeconds = 40;
/** What a worker keeps to. */
const everyMs = 500;

interface Figures {
  /** Milliseconds. */
  readonly events: number;
  readonly status: number;
  readonly writesPerSecond: number;
}

export const benchmark: Benchmark = {
  title: `Progress of ${jobs} running jobs: age at p95 in event streams and in status`,
  method:
    `${jobs} RenderJobs run (kwok plays their pods), each worker's part is played by one process that publishes to a real nats-server every ${everyMs} ms per ` +
    `job. Age of a message: in ${streams} event streams of framewright api when it arrives, in the status as a watch sees it, read every second for ` +
    `every job. p95 over ${windowSeconds} s; medians of these.`,
  goal: 'below 1 s in event streams, below 12 s in status',
  missing: () => missingPrograms('cluster', 'nats'),
  measure: ({ runs, quick, print }) =>
    withFolder(async (folder) => {
      await buildOperator();
      const programs = await setUpPrograms('nats');
      if (programs.absent !== undefined) throw new Error(`Expected nats-server: ${programs.absent}`);
      const count = quick ? 50 : jobs;
      await using cluster = await startBenchCluster({ pods: true });
      await using nats = await startNatsServer(programs.paths['nats-server'] ?? '');
      const items = Array.from({ length: 4 }, (_, index) => gpuNode(`node-${index}`));
      await kubectl(cluster.access, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      await using operator = await startOperator(cluster, { folder, natsUrl: nats.url });
      await using api = await startApi(cluster, { folder, natsUrl: nats.url });
      await createAll(cluster, collections.renderJobs, count, renderJob);
      const running = await listRunning(cluster, count);

      await using sender = await sendProgress(nats.url, running, everyMs);
      await using ages = await StatusAges.watch(cluster);
      const all: Figures[] = [];
      // The first written status of each job has to be there.
      await sleep(15_000);
      for (let run = 1; run <= runs; run++) {
        const before = { calls: await operator.calls(), sent: sender.sent() };
        const events = readEvents(api, running.slice(0, streams), windowSeconds);
        const status = await ages.sample(windowSeconds, count);
        const seen = await events;
        const after = await operator.calls();
        const writes = (after['PUT 200'] ?? 0) - (before.calls['PUT 200'] ?? 0);
        const figures = {
          events: percentile(seen, 0.95),
          status: percentile(status, 0.95),
          writesPerSecond: writes / windowSeconds,
        };
        all.push(figures);
        const sent = (sender.sent() - before.sent) / windowSeconds;
        print(
          `run ${run}: event streams p95 ${figures.events.toFixed(0)} ms (${seen.length} events), status p95 ${(figures.status / 1000).toFixed(1)} s, ` +
            `${figures.writesPerSecond.toFixed(0)} status writes/s for ${sent.toFixed(0)} messages/s`,
        );
      }
      const of = (name: keyof Figures): number => median(all.map((figures) => figures[name]));
      return {
        ours: `${of('events').toFixed(0)} ms (event streams)`,
        other: `${(of('status') / 1000).toFixed(1)} s (status)`,
        ratio: `${of('writesPerSecond').toFixed(0)} status writes/s`,
      };
    }),
};
