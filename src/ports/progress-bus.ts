import type { ProgressMessage } from '../model/status/progress.ts';

export interface ProgressFilter {
  readonly namespace?: string;
  readonly uid?: string;
}

export interface ProgressBus {
  publish(message: ProgressMessage): void;
  /**
   * News as it comes; a slow reader skips to the newest of each job. `replay` starts with the last value of each job that fits.
   */
  subscribe(
    filter: ProgressFilter,
    options: { readonly signal: AbortSignal; readonly replay?: boolean },
  ): AsyncIterable<ProgressMessage>;
  latest(uid: string): ProgressMessage | undefined;
  /** Forgets the last value of a job. */
  forget(uid: string): void;
}
