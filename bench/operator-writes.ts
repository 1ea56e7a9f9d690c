import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { kubectl } from '../test/cluster/cluster.ts';
import { gpuNode } from '../test/cluster/gpu-node.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { type BenchCluster, createAll, missingPrograms, startBenchCluster } from './lib/operator/bench-cluster.ts';
import { collections, renderJob } from './lib/operator/bodies.ts';
import { etcdCount } from './lib/operator/etcd-counts.ts';
import { result } from './lib/operator/finished.ts';
import { buildOperator, startOperator } from './lib/operator/operator-process.ts';
import { usageOf } from './lib/operator/process-usage.ts';
import { withFolder } from './lib/with-folder.ts';

const jobs = 500;

interface Figures {
  /** Calls of the operator for each RenderJob, by method. */
  readonly calls: ReadonlyMap<string, number>;
  /** Writes of everybody for each RenderJob. */
  readonly etcd: number;
  /** Processor seconds of the operator for 1,000 RenderJobs. */
  readonly cpuSeconds: number;
}

export const benchmark: Benchmark = {
  title: 'API writes of the operator per RenderJob, from its creation to Succeeded',
  method:
    `${jobs} RenderJobs are made on a whole control plane; kwok plays nodes whose pods run for 2 s and leave a worker's result. The ` +
    "operator's own calls by method (its metrics), status and Events included, leases and start-up not; beside them all that was written " +
    'to etcd, by the Job controller, the scheduler and the kubelets too; processor time of the operator; medians.',
  goal: 'at most 5 writes besides progress',
  missing: () => missingPrograms('cluster'),
  measure: ({ runs, quick, print }) =>
    withFolder(async (folder) => {
      await buildOperator();
      const all: Figures[] = [];
      for (let run = 1; run <= runs; run++) {
        const figures = await measure(quick ? 100 : jobs, folder);
        all.push(figures);
        print(
          `run ${run}: ${describe(figures.calls)}; ${figures.etcd.toFixed(1)} in etcd; ${figures.cpuSeconds.toFixed(1)} CPU s per 1,000`,
        );
      }
      const writes = median(all.map(({ calls }) => sum(calls)));
      const etcd = median(all.map((figures) => figures.etcd));
      const [middle] = all.toSorted((a, b) => Math.abs(sum(a.calls) - writes) - Math.abs(sum(b.calls) - writes));
      return {
        ours: `${writes.toFixed(2)} (${describe(middle?.calls ?? new Map())}), ${median(all.map(({ cpuSeconds }) => cpuSeconds)).toFixed(1)} CPU s per 1,000 jobs`,
        other: `${etcd.toFixed(1)} (all writes to etcd)`,
        ratio: (writes / etcd).toFixed(2),
      };
    }),
};

async function measure(count: number, folder: string): Promise<Figures> {
  await using cluster = await startBenchCluster({ pods: true });
  const nodes = Array.from({ length: 5 }, (_, index) => gpuNode(`node-${index}`));
  await kubectl(cluster.access, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes }));
  const annotations = {
    'test.framewright.dev/exit-code': '0',
    'test.framewright.dev/runs-for': '2s',
    'test.framewright.dev/message': JSON.stringify(result('00000000-0000-4000-8000-000000000000')),
  };
  await using operator = await startOperator(cluster, { folder, annotations });
  const before = {
    calls: await operator.calls(),
    cpu: (await usageOf(operator.pid)).cpuSeconds,
    ...(await state(cluster)),
  };
  await createAll(cluster, collections.renderJobs, count, renderJob);
  const deadline = Date.now() + 240_000;
  while ((await succeeded(cluster)) < count) {
    if (Date.now() > deadline)
      throw new Error(`Expected ${count} RenderJobs to succeed, got ${await succeeded(cluster)}`);
    await sleep(1000);
  }
  // The last Events.
  await sleep(3000);
  const after = {
    calls: await operator.calls(),
    cpu: (await usageOf(operator.pid)).cpuSeconds,
    ...(await state(cluster)),
  };
  const leases = after.leases - before.leases;
  const calls = new Map<string, number>();
  for (const [call, total] of Object.entries(after.calls)) {
    const [method = ''] = call.split(' ');
    if (method === 'GET') continue;
    calls.set(method, (calls.get(method) ?? 0) + total - (before.calls[call] ?? 0));
  }
  calls.set('PUT', (calls.get('PUT') ?? 0) - leases);
  return {
    calls: new Map([...calls].map(([method, total]) => [method, total / count])),
    etcd: (after.revision - before.revision) / count,
    cpuSeconds: ((after.cpu - before.cpu) * 1000) / count,
  };
}

const lease = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({ renewTime: z.string() }),
});

/** Writes to etcd so far, and about how often the operator's lease has been renewed. */
async function state({
  plane,
  transport,
}: BenchCluster): Promise<{ readonly revision: number; readonly leases: number }> {
  const { revision } = await etcdCount(plane.etcd, '/registry/jobs/');
  const path = '/apis/coordination.k8s.io/v1/namespaces/bench/leases/framewright-operator';
  const { spec } = lease.parse(await transport.request({ path }));
  return { revision, leases: Math.round(Date.parse(spec.renewTime) / renewMs) };
}

/** FRAMEWRIGHT_LEASE_RETRY_SECONDS by default. */
const renewMs = 2000;

const list = z.object({ items: z.array(z.unknown()) });

async function succeeded({ transport }: BenchCluster): Promise<number> {
  const query = { fieldSelector: 'status.phase=Succeeded', resourceVersion: '0' };
  return list.parse(await transport.request({ path: collections.renderJobs, query })).items.length;
}

function sum(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((total, value) => total + value, 0);
}

function describe(calls: ReadonlyMap<string, number>): string {
  return [...calls].map(([method, value]) => `${method} ${value.toFixed(2)}`).join(', ');
}
