import { setTimeout as sleep } from 'node:timers/promises';
import { etcdCount } from './etcd-counts.ts';

/** Waits until fewer than five writes have been made in a second (leases go on being renewed), at most so many seconds. */
export async function untilQuiet(etcd: string, mostSeconds: number): Promise<void> {
  const deadline = Date.now() + mostSeconds * 1000;
  let last = -Infinity;
  while (Date.now() < deadline) {
    const { revision } = await etcdCount(etcd, '/registry/jobs/');
    if (revision - last < 5) return;
    last = revision;
    await sleep(1000);
  }
}
