import { readdirSync, readFileSync } from 'node:fs';

/** Identifies a process for ever: a later one with the same pid has another identity. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of /proc/<pid>/stat (proc(5)). */
  readonly started: string;
  readonly bootId: string;
}

export interface ProcessStat {
  readonly state: string;
  readonly group: number;
  readonly started: string;
}

/** Parses /proc/<pid>/stat (proc(5)). The command may hold blanks and parentheses: the fields are counted after the last one. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  const started = fields[19];
  if (state === undefined || group === undefined || started === undefined) return undefined;
  return { state, group: Number(group), started };
}

/** Undefined when there is no such process, or only a zombie that its parent has not collected. */
export function statOf(pid: number): ProcessStat | undefined {
  const text = readOrUndefined(`/proc/${pid}/stat`);
  const stat = text === undefined ? undefined : parseStat(text);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat;
}

/** Undefined when the process has ended, and on systems without /proc, where only a parent can identify a process. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  const bootId = readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim();
  return stat === undefined || bootId === undefined ? undefined : { pid, started: stat.started, bootId };
}

export function isAlive({ pid, started, bootId }: ProcessIdentity): boolean {
  const present = identify(pid);
  return present?.started === started && present.bootId === bootId;
}

/** Pids of all processes; none on systems without /proc. */
export function allPids(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^[1-9][0-9]*$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

/**
 * Whether a member of a process group still runs. Signal 0 would reach zombies too, which stay until the first process of
 * a container collects them.
 */
export function isGroupAlive(group: number): boolean {
  return allPids().some((pid) => statOf(pid)?.group === group);
}

/** Sends a signal to this process; false when it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

/** Sends a signal to all members of a process group; false when there are none. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  return send(-group, signal);
}

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    // ESRCH: it ended in the meantime.
    return false;
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
