import type { ChildProcess } from 'node:child_process';

/** How a process ended: a status, or the signal that ended it. */
export interface ChildEnd {
  readonly exitCode?: number;
  readonly signal?: string;
}

/**
 * Resolves once the process has ended and its pipes are drained. Rejects when it could not be started, with Node's error
 * (`ENOENT` for a program that is not there).
 */
export function childEnd(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      // After the start an error means that a signal could not be sent: the end is still to come.
      if (child.pid === undefined) reject(error);
    });
    child.once('close', (exitCode, signal) => {
      resolve({ ...(exitCode !== null && { exitCode }), ...(signal !== null && { signal }) });
    });
  });
}

/** Ends a process politely, and hard when it has not ended after `graceMs`. Returns what cancels the hard part. */
export function endPolitely(child: ChildProcess, graceMs: number): () => void {
  child.kill('SIGTERM');
  // A stopped process takes no SIGTERM until it goes on.
  child.kill('SIGCONT');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  return () => clearTimeout(timer);
}
