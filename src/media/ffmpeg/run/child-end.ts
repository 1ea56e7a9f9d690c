import type { ChildProcess } from 'node:child_process';

/** How a process ended: a status, or the signal that ended it. */
export interface ChildEnd {
  readonly exitCode?: number;
  readonly signal?: string;
}

/**
 * Resolves once the process has ended and its pipes are drained. Rejects when it could not be started, with Node's error
 * (`ENOENT` for a program that does not exist).
 */
export function childEnd(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      // After the start an error means that a signal could not be sent: the process has not ended yet.
      if (child.pid === undefined) reject(error);
    });
    child.once('close', (exitCode, signal) => {
      resolve({ ...(exitCode !== null && { exitCode }), ...(signal !== null && { signal }) });
    });
  });
}

/** Sends SIGTERM, and SIGKILL when the process has not ended after `graceMs`. Returns a function that cancels SIGKILL. */
export function terminate(child: ChildProcess, graceMs: number): () => void {
  child.kill('SIGTERM');
  // A stopped process handles SIGTERM only after SIGCONT.
  child.kill('SIGCONT');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  return () => clearTimeout(timer);
}
