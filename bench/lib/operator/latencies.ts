import { z } from 'zod';
import { jsonLines } from '../../../src/kubernetes/runtime/json-lines.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { collections } from './bodies.ts';

const line = z.object({ type: z.string(), object: z.object({ metadata: z.object({ name: z.string().optional() }) }) });

/** When each Job was first seen by a watch, by the name of what it was made for; milliseconds of `performance.now()`. */
export interface SeenJobs extends AsyncDisposable {
  readonly at: ReadonlyMap<string, number>;
}

/**
 * Watches Jobs from now on.
 *
 * @param nameOf of what a Job of that name was made for
 */
export async function watchJobs({ transport }: BenchCluster, nameOf: (job: string) => string): Promise<SeenJobs> {
  const stop = new AbortController();
  const at = new Map<string, number>();
  const query = { watch: true, timeoutSeconds: 600 };
  const lines = jsonLines(await transport.stream({ path: collections.jobs, query, signal: stop.signal }));
  const reading = (async () => {
    for await (const value of lines) {
      const { type, object } = line.parse(value);
      const name = nameOf(object.metadata.name ?? '');
      if (type === 'ADDED' && !at.has(name)) at.set(name, performance.now());
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    at,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await reading;
    },
  };
}

/** The value below which that share of all lies, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
