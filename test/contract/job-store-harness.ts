import type { JobStore } from '../../src/ports/job-store.ts';

/** A store made for one test, with nothing in it. */
export interface JobStoreHarness extends AsyncDisposable {
  readonly store: JobStore;
  /** The same jobs through a new adapter, as after a restart of the server. */
  reopen(): Promise<JobStore>;
}

/** Makes a store whose finished jobs are kept for `defaultTtlSeconds`. */
export type MakeJobStore = (options: { readonly defaultTtlSeconds: number }) => Promise<JobStoreHarness>;

/** The store of the present test. */
export type Current = () => JobStoreHarness;

export const defaultTtlSeconds = 100;
