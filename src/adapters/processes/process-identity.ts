import { readdirSync, readFileSync } from 'node:fs';

/** A process that no later one with the same pid can be taken for. */
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

/** The fields of /proc/<pid>/stat that matter here. The command may hold blanks and parentheses, so counting starts after the last one. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  const started = fields[19];
  if (state === undefined || group === undefined || started === undefined) return undefined;
  return { state, group: Number(group), started };
}

/** Undefined when there is no such process, or only a zombie that its parent has yet to collect. */
export function statOf(pid: number): ProcessStat | undefined {
  const text = readOrUndefined(`/proc/${pid}/stat`);
  const stat = text === undefined ? undefined : parseStat(text);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat;
}

/** Undefined when the process is gone, and on systems without /proc, where nothing but a parent can tell processes apart. */
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
 * Whether a member of a process group still runs. Asking with signal 0 would count zombies, which stay for as long as
 * the first process of a container does not collect them.
 */
export function groupLives(group: number): boolean {
  return allPids().some((pid) => statOf(pid)?.group === group);
}

/** Sends a signal to this very process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

/** Sends a signal to all members of a process group; false when it has none. */
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
