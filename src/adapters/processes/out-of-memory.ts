import { readFileSync } from 'node:fs';

/** Number of processes that the kernel killed on this machine for lack of memory, in control groups too; 0 where it is unknown. */
export function outOfMemoryKills(): number {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8')) ?? [];
    return Number(count ?? 0);
  } catch {
    return 0;
  }
}
