import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { allPids, identify, type ProcessIdentity } from './process-identity.ts';

/**
 * Every living process that a run of this data directory has started, by the name of the run's folder.
 *
 * A worker's TMPDIR is in that folder and FFmpeg inherits it, so the environment identifies the run even when the server
 * was killed before it could record a pid, or the worker before its FFmpeg. Linux only: elsewhere none is found, and
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

/** The variable that marks the processes of a run: every tool passes it on to its children. */
export const temporaryFolderVariable = 'TMPDIR';

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended, or belongs to another user.
    return [];
  }
}
