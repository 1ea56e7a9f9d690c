import type { Acceleration } from '../../model/job/render-job.ts';

/** What admission needs to know of a waiting job. */
export interface QueuedJob {
  readonly uid: string;
  readonly owner: string;
  readonly priority: number;
  /** When it was made, in Unix milliseconds. */
  readonly createdAt: number;
  readonly pool?: string | undefined;
  readonly acceleration: Acceleration;
  /** The Kueue queue that it goes through. */
  readonly queue?: string | undefined;
}

/** A job that holds a slot, or was admitted and is not yet seen to ("assumed", as in kube-scheduler). */
export interface HoldingJob {
  readonly owner: string;
  readonly pool: string;
}
