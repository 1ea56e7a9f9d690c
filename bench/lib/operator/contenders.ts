import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchCluster, createAll, parallelCalls, startBenchCluster } from './bench-cluster.ts';
import { bareJob, collections, jobSet, nameOf, renderJob } from './bodies.ts';
import { applyJobSetDefinition, startJobSet } from './jobset-process.ts';
import { percentile, watchJobs } from './latencies.ts';
import { type OperatorProcess, startOperator } from './operator-process.ts';
import { usageOf } from './process-usage.ts';
import { type Arrival, waitForCount } from './wait-for-count.ts';

const jobsInEtcd = '/registry/jobs/';
/** JobSet at ten thousand would take minutes: its rate is taken from what it does in this time, in seconds. */
export const windowSeconds = 45;
const warmUp = 50;

export interface Rate {
  /** Jobs per second between the first and the last one. */
  readonly perSecond: number;
  /** Writes to etcd in that time, for each Job. */
  readonly writesPerJob: number;
  /** Processor seconds of the controller for 1,000 Jobs, its start included. */
  readonly cpuSeconds: number;
}

export interface Latencies {
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Share of those whose Job was seen at all, 0 to 1. */
  readonly seen: number;
}

/** What makes Jobs out of other objects. */
export interface Contender {
  readonly path: string;
  readonly body: (index: number) => object;
  /** Prepares a cluster for it. */
  readonly prepare: (cluster: BenchCluster) => Promise<void>;
  readonly start: (cluster: BenchCluster, folder: string) => Promise<AsyncDisposable & { readonly pid: number }>;
  /** Of the object that a Job of that name was made for. */
  readonly nameOf: (job: string) => string;
}

export const framewright: Contender = {
  path: collections.renderJobs,
  body: renderJob,
  prepare: () => Promise.resolve(),
  start: (cluster, folder): Promise<OperatorProcess> => startOperator(cluster, { folder }),
  nameOf: (job) => job.replace(/-1-render$/, ''),
};

export const jobSetController: Contender = {
  path: collections.jobSets,
  body: jobSet,
  prepare: applyJobSetDefinition,
  start: startJobSet,
  nameOf: (job) => job.replace(/-render-0$/, ''),
};

/** `count` bare Jobs created by a loop, as many in parallel as the operator creates. */
export async function rateOfBareJobs(count: number): Promise<number> {
  await using cluster = await startBenchCluster();
  await createAll(cluster, collections.jobs, warmUp, (index) => bareJob(count + index));
  const arrived = waitForCount(cluster.plane.etcd, jobsInEtcd, warmUp + count);
  await createAll(cluster, collections.jobs, count, bareJob);
  return (await arrived).perSecond;
}

/** Makes `count` objects first and then starts the controller. */
export async function rateOf(contender: Contender, count: number, folder: string): Promise<Rate> {
  await using cluster = await startBenchCluster();
  await contender.prepare(cluster);
  await createAll(cluster, contender.path, count, contender.body);
  const arriving = waitForCount(cluster.plane.etcd, jobsInEtcd, count, windowSeconds);
  await using controller = await contender.start(cluster, folder);
  const { perSecond, seen, writes }: Arrival = await arriving;
  const { cpuSeconds } = await usageOf(controller.pid);
  return { perSecond, writesPerJob: writes / seen, cpuSeconds: (cpuSeconds * 1000) / seen };
}

/** Makes `count` objects while the controller runs; from the answer to each creation until a watch sees its Job. */
export async function latenciesOf(contender: Contender, count: number, folder: string): Promise<Latencies> {
  await using cluster = await startBenchCluster();
  await contender.prepare(cluster);
  await using running = new AsyncDisposableStack();
  running.use(await contender.start(cluster, folder));
  await createAll(cluster, contender.path, warmUp, (index) => contender.body(count + index));
  await waitForCount(cluster.plane.etcd, jobsInEtcd, warmUp);
  await using jobs = await watchJobs(cluster, contender.nameOf);
  const made = new Map<string, number>();
  await createAll(cluster, contender.path, count, contender.body, (index) =>
    made.set(nameOf(index), performance.now()),
  );
  const deadline = performance.now() + windowSeconds * 1000;
  while ([...made.keys()].some((name) => !jobs.at.has(name)) && performance.now() < deadline) await sleep(50);
  const end = performance.now();
  const waits = [...made].map(([name, at]) => Math.max(0, (jobs.at.get(name) ?? end) - at));
  const seen = [...made.keys()].filter((name) => jobs.at.has(name)).length / count;
  return { p50: percentile(waits, 0.5), p95: percentile(waits, 0.95), p99: percentile(waits, 0.99), seen };
}

/** How the figures came about, for the methods of the benchmarks. */
export const conditions =
  'A control plane of its own for each measurement (etcd without fsync, API server, controller manager without the Job, CronJob, garbage ' +
  'and TTL controllers: Jobs get no pods), everything on one machine with administrator permissions. The operator as it is built and ' +
  `shipped (${parallelCalls} reconciles in parallel), the bare Jobs by a loop with the operator's own transport and ${parallelCalls} calls in parallel, JobSet 0.12.0 with its default ` +
  'settings (one worker, headless Service, no webhook in the way) and JobSets of one such Job.';
