import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { allPids, identify, type ProcessIdentity } from './process-identity.ts';

/**
 * Every process that a run of this data directory has started and that still lives, by the name of the run's folder.
 *
 * A worker's TMPDIR lies in that folder and FFmpeg inherits it, so the environment tells whose process it is even when the
 * server died before it could note a pid, or the worker before its FFmpeg. Linux only: elsewhere none is found, and
 * workers end by themselves when they lose the channel to the server.
 */
export function findRunProcesses(runsDirectory: string): Map<string, ProcessIdentity[]> {
  const found = new Map<string, ProcessIdentity[]>();
  const marker = `${temporaryFolderVariable}=${runsDirectory}${sep}`;
  for (const pid of allPids()) {
    const variable = environmentOf(pid).find((candidate) => candidate.startsWith(marker));
    const [run] = variable?.slice(marker.length).split(sep) ?? [];
    const identity = run === undefined ? undefined : identify(pid);
    if (run === undefined || identity === undefined) continue;
    found.set(run, [...(found.get(run) ?? []), identity]);
  }
  return found;
}

/** The variable that marks the processes of a run; one that every tool passes on. */
export const temporaryFolderVariable = 'TMPDIR';

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // Gone, or another user's.
    return [];
  }
}
