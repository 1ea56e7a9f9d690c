import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { etcdCount } from './etcd-counts.ts';

const pollMs = 25;

export interface Arrival {
  /** Objects per second between the first and the last that was seen. */
  readonly perSecond: number;
  readonly seen: number;
  /** When the first one was seen, in Unix milliseconds, within 25 ms. */
  readonly firstAt: number;
  /** Writes of all kinds in that time. */
  readonly writes: number;
}

/**
 * Follows how objects come into being below a prefix of etcd, until `count` are there or `windowSeconds` have passed
 * since the first one.
 *
 * @param already how many of the `count` were there before
 * @throws when none has come within two minutes
 */
export async function waitForCount(
  etcd: string,
  prefix: string,
  count: number,
  windowSeconds = 300,
  already = 0,
): Promise<Arrival> {
  await using client = new DisposableClient(etcd);
  const patience = performance.now() + 120_000;
  const before = await etcdCount(client.client, prefix);
  let first: { at: number; seen: number } | undefined;
  for (;;) {
    const now = performance.now();
    const { count: seen, revision } = await etcdCount(client.client, prefix);
    if (seen > already) first ??= { at: now, seen };
    if (first === undefined && now > patience) throw new Error(`No object appeared below ${prefix} within 120 s`);
    const late = first !== undefined && now - first.at > windowSeconds * 1000;
    if (first !== undefined && (seen >= count || late)) {
      const seconds = (now - first.at) / 1000;
      return {
        seen,
        perSecond: (seen - first.seen) / seconds,
        firstAt: performance.timeOrigin + first.at,
        writes: revision - before.revision,
      };
    }
    await sleep(pollMs);
  }
}

class DisposableClient implements AsyncDisposable {
  readonly client: Client;

  constructor(origin: string) {
    this.client = new Client(origin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
