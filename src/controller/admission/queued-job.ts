import type { Acceleration } from '../../model/job/render-job.ts';

/** The members of a queued job that admission decides by. */
export interface QueuedJob {
  readonly uid: string;
  readonly owner: string;
  readonly priority: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly pool?: string | undefined;
  readonly acceleration: Acceleration;
  /** The Kueue queue that it goes through. */
  readonly queue?: string | undefined;
}

/** A job that holds a slot, or was admitted and is not yet observed to run ("assumed", as in kube-scheduler). */
export interface HoldingJob {
  readonly owner: string;
  readonly pool: string;
}
