import { isApiObject } from '../../../src/adapters/kubernetes/client/api-object.ts';
import { Reflector } from '../../../src/adapters/kubernetes/client/watch/reflector.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { collections } from './bodies.ts';

/** When each Job was first seen by a watch, by the name of what it was made for; milliseconds of `performance.now()`. */
export interface SeenJobs extends AsyncDisposable {
  readonly at: ReadonlyMap<string, number>;
}

/**
 * Watches Jobs. The API server ends a watch now and then; it is gone on with.
 *
 * @param nameOf of what a Job of that name was made for
 */
export async function watchJobs({ transport }: BenchCluster, nameOf: (job: string) => string): Promise<SeenJobs> {
  const stop = new AbortController();
  const at = new Map<string, number>();
  const reflector = new Reflector(transport, {
    path: collections.jobs,
    accept: (value) => (isApiObject(value) ? { metadata: value.metadata } : undefined),
    onChange: ({ type, object }) => {
      if (type === 'added') at.set(nameOf(object.metadata.name), performance.now());
    },
  });
  const running = reflector.run(stop.signal);
  await reflector.whenSynced();
  return {
    at,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** The value below which that share of all lies, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
