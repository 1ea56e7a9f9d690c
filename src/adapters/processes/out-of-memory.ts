import { readFileSync } from 'node:fs';

/** How many processes the kernel has ended on this machine for want of memory, those of control groups included; 0 where it is not told. */
export function outOfMemoryKills(): number {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8')) ?? [];
    return Number(count ?? 0);
  } catch {
    return 0;
  }
}
