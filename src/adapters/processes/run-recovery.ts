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
  /** How long a living worker may take to end, in milliseconds. */
  readonly graceMs: number;
}

const pollMs = 100;

/** How long a killed process may take to end, in milliseconds. */
const killedMs = 5000;

/**
 * Ends the runs of an earlier server: ends every process that one of them still has, then records the outcome of each run:
 * its result where there is one, else that it is lost. Requires that no other server uses the directory.
 */
export async function recoverRuns(options: RecoveryOptions): Promise<void> {
  const { records, directory, clock } = options;
  const unended = records.unended();
  await endProcesses(
    unended.flatMap(({ process }) => (process === undefined ? [] : [process])),
    options,
  );
  for (const { run } of unended) {
    const name = runName(run.identity);
    const result = await directory.readResult(name);
    const { stopReason } = run;
    const outcome = classifyRunOutcome({ result, ...(stopReason === undefined ? {} : { stopReason }) });
    await directory.removeScratch(name);
    records.save(endedRun(run, outcome, clock.now()));
  }
  await sweep(options);
}

/** Ends the recorded processes and all others that belong to runs of this directory; gracefully first. */
async function endProcesses(
  recorded: readonly ProcessIdentity[],
  { directory, clock, graceMs }: RecoveryOptions,
): Promise<void> {
  const living = (): ProcessIdentity[] => {
    const marked = [...findRunProcesses(directory.root).values()].flat();
    const known = new Map([...recorded.filter(isAlive), ...marked].map((identity) => [identity.pid, identity]));
    return [...known.values()];
  };
  for (const identity of living()) signalProcess(identity, 'SIGTERM');
  await untilEnded(living, clock, graceMs);
  // The scan is repeated, since a worker may have started a further process in the meantime.
  for (const identity of living()) killWithGroup(identity);
  await untilEnded(living, clock, killedMs);
}

/** Kills a process; a worker leads the group with the number of its pid, which is killed as a whole. */
function killWithGroup(identity: ProcessIdentity): void {
  const leads = isAlive(identity) && statOf(identity.pid)?.group === identity.pid;
  if (leads) signalGroup(identity.pid, 'SIGKILL');
  else signalProcess(identity, 'SIGKILL');
}

/** Waits until no process is left, `withinMs` at most. */
async function untilEnded(living: () => readonly ProcessIdentity[], clock: Clock, withinMs: number): Promise<void> {
  const end = clock.monotonic() + withinMs;
  while (living().length > 0 && clock.monotonic() < end) await clock.sleep(pollMs);
}

/** Removes scratch of ended runs, and folders without a record: a crash between two steps of an end leaves them. */
async function sweep({ records, directory }: RecoveryOptions): Promise<void> {
  const ended = new Map(records.outline().map(({ identity, ended }) => [runName(identity), ended]));
  for (const name of await directory.names()) {
    if (!ended.has(name)) await directory.remove(name);
    else if (ended.get(name) === true) await directory.removeScratch(name);
  }
}
