import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isApiObject } from '../../../src/adapters/kubernetes/client/api-object.ts';
import { Reflector } from '../../../src/adapters/kubernetes/client/watch/reflector.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { collections } from './bodies.ts';

const job = z.object({ metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string() }) });
const list = z.object({ items: z.array(job) });
export type RunningJob = z.infer<typeof job>['metadata'];

/** Waits until so many jobs run, and names them. */
export async function listRunning({ transport }: BenchCluster, count: number): Promise<readonly RunningJob[]> {
  const deadline = Date.now() + 240_000;
  const query = { fieldSelector: 'status.phase=Running', resourceVersion: '0' };
  for (;;) {
    const { items } = list.parse(await transport.request({ path: collections.renderJobs, query }));
    if (items.length >= count) return items.map(({ metadata }) => metadata);
    if (Date.now() > deadline) throw new Error(`Expected ${count} RenderJobs to run, got ${items.length}`);
    await sleep(1000);
  }
}

const timedStatus = z
  .object({ status: z.object({ progress: z.object({ updatedAt: z.iso.datetime() }).optional() }).optional() })
  .transform(({ status }) => ({ updatedAt: status?.progress && Date.parse(status.progress.updatedAt) }));

/** How old the progress is that the status of each job shows. */
export class StatusAges implements AsyncDisposable {
  readonly #updatedAt = new Map<string, number>();
  readonly #stop = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  static async watch({ transport }: BenchCluster): Promise<StatusAges> {
    const ages = new StatusAges();
    const reflector = new Reflector(transport, {
      path: collections.renderJobs,
      accept: (value) => (isApiObject(value) ? { metadata: value.metadata, ...timedStatus.parse(value) } : undefined),
      onChange: ({ object: { metadata, updatedAt } }) => {
        if (updatedAt !== undefined) ages.#updatedAt.set(metadata.name, updatedAt);
      },
    });
    ages.#reading = reflector.run(ages.#stop.signal);
    await reflector.whenSynced();
    return ages;
  }

  /** Ages in milliseconds of all that is known, once a second for so long; expects to know of `count` jobs. */
  async sample(seconds: number, count: number): Promise<number[]> {
    const ages: number[] = [];
    for (let second = 0; second < seconds; second++) {
      await sleep(1000);
      for (const at of this.#updatedAt.values()) ages.push(Date.now() - at);
    }
    if (this.#updatedAt.size < count) {
      throw new Error(`Expected progress in the status of ${count} jobs, got it in ${this.#updatedAt.size}`);
    }
    return ages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }
}
