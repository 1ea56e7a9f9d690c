import type { Clock } from '../../ports/clock.ts';
import { endedRun } from '../../ports/stage-runner.ts';
import { classifyRunOutcome } from '../../worker-protocol/run-outcome.ts';
import { isAlive, type ProcessIdentity, signalGroup, signalProcess, statOf } from './process-identity.ts';
import { type RunDirectory, runName } from './run-directory.ts';
import { findRunProcesses } from './run-processes.ts';
import type { RunRecords } from './run-records.ts';

export interface RecoveryOptions {
  readonly records: RunRecords;
  readonly directory: RunDirectory;
  readonly clock: Clock;
  /** How long a worker that lives may take to end, in milliseconds. */
  readonly graceMs: number;
}

const pollMs = 100;

/** How long a killed process may take to be gone, in milliseconds. */
const goneMs = 5000;

/**
 * Brings the runs of a server that is gone to their end: ends every process that one of them still has, then puts on
 * record what each run left: its result where there is one, else that it is lost.
 * Requires that no other server works on the directory. Returns how many runs were unended and processes ended.
 */
export async function recoverRuns(
  options: RecoveryOptions,
): Promise<{ readonly runs: number; readonly processes: number }> {
  const { records, directory, clock } = options;
  const unended = records.unended();
  const noted = unended.flatMap(({ process }) => (process !== undefined && isAlive(process) ? [process] : []));
  const processes = await endProcesses(noted, options);
  for (const { run } of unended) {
    const name = runName(run.identity);
    const result = await directory.readResult(name);
    const end = classifyRunOutcome({ result, ...(run.stopReason === undefined ? {} : { stopReason: run.stopReason }) });
    await directory.removeScratch(name);
    records.save(endedRun(run, end, clock.now()));
  }
  await sweep(options);
  return { runs: unended.length, processes };
}

/** Ends the noted processes and all others that belong to runs of this directory; politely first. */
async function endProcesses(
  noted: readonly ProcessIdentity[],
  { directory, clock, graceMs }: RecoveryOptions,
): Promise<number> {
  const living = (): ProcessIdentity[] => {
    const marked = [...findRunProcesses(directory.root).values()].flat();
    const known = new Map([...noted.filter(isAlive), ...marked].map((identity) => [identity.pid, identity]));
    return [...known.values()];
  };
  const first = living();
  for (const identity of first) signalProcess(identity, 'SIGTERM');
  await gone(living, clock, graceMs);
  // The scan is repeated, for a worker may have started a further process in the meantime.
  for (const identity of living()) killWithGroup(identity);
  await gone(living, clock, goneMs);
  return first.length;
}

/** A worker leads the group that bears its pid; the others of the group go with it. */
function killWithGroup(identity: ProcessIdentity): void {
  const leads = isAlive(identity) && statOf(identity.pid)?.group === identity.pid;
  if (leads) signalGroup(identity.pid, 'SIGKILL');
  else signalProcess(identity, 'SIGKILL');
}

async function gone(living: () => readonly ProcessIdentity[], clock: Clock, withinMs: number): Promise<void> {
  const end = clock.monotonic() + withinMs;
  while (living().length > 0 && clock.monotonic() < end) await clock.sleep(pollMs);
}

/** Removes scratch of ended runs, and folders that no record knows: a crash between two steps of an end leaves them. */
async function sweep({ records, directory }: RecoveryOptions): Promise<void> {
  const ended = new Map(records.outline().map(({ identity, ended }) => [runName(identity), ended]));
  for (const name of await directory.names()) {
    if (!ended.has(name)) await directory.remove(name);
    else if (ended.get(name) === true) await directory.removeScratch(name);
  }
}
