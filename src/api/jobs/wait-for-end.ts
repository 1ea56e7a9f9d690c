import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { JobChangeHub } from './job-change-hub.ts';

/** How often a waiting request reads the job itself, in case an update was lost. */
const pollMs = 2000;

export interface WaitParts {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly changes: JobChangeHub;
}

/** Waits until a job has ended, at most `seconds` or until `signal`. Returns its last known state, ended or not. */
export async function waitForEnd(
  { store, clock, changes }: WaitParts,
  job: RenderJob,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<RenderJob> {
  const deadline = clock.monotonic() + seconds * 1000;
  let latest = job;
  let wake = new AbortController();
  const stop = changes.listen(job.metadata, (update) => {
    if (update.job.metadata.uid === job.metadata.uid) latest = update.job;
    wake.abort();
  });
  try {
    while (!isTerminal(latest.status?.phase) && !signal.aborted) {
      const left = deadline - clock.monotonic();
      if (left <= 0) break;
      wake = new AbortController();
      const interrupted = AbortSignal.any([wake.signal, signal, changes.closing]);
      await clock.sleep(Math.min(left, pollMs), interrupted).catch(() => undefined);
      if (changes.closing.aborted) break;
      if (wake.signal.aborted) continue;
      const found = await store.get(job.metadata, { fresh: true });
      if (found === undefined || found.metadata.uid !== job.metadata.uid) break;
      // An update may have arrived during the read: an end is never replaced by an older state.
      if (!isTerminal(latest.status?.phase)) latest = found;
    }
    return latest;
  } finally {
    stop();
  }
}
