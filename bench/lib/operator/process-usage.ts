import { readFile } from 'node:fs/promises';

/** Clock ticks of /proc per second, the same on every Linux. */
const ticksPerSecond = 100;

export interface ProcessUsage {
  /** Processor time since its start, user and system. */
  readonly cpuSeconds: number;
  /** Resident set now and at its highest, in megabytes of 1,000,000 bytes. */
  readonly rssMb: number;
  readonly peakMb: number;
}

/** What a process has used, as the kernel counts it. */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The name of the program, in parentheses, may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssMb: megabytes('VmRSS'),
    peakMb: megabytes('VmHWM'),
  };
}
