import type { ProgressMessage } from '../model/status/progress.ts';

export interface ProgressFilter {
  readonly namespace?: string;
  readonly uid?: string;
}

export interface ProgressBus {
  publish(message: ProgressMessage): void;
  /**
   * Progress messages as they arrive; a slow reader skips to the latest of each job. `replay` starts with the latest
   * message of each job that matches the filter.
   */
  subscribe(
    filter: ProgressFilter,
    options: { readonly signal: AbortSignal; readonly replay?: boolean },
  ): AsyncIterable<ProgressMessage>;
  latest(uid: string): ProgressMessage | undefined;
  /** Removes the latest message of a job. */
  forget(uid: string): void;
}
