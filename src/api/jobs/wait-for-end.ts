import type { RenderJob } from '../../model/job/render-job.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { JobChangeHub } from './job-change-hub.ts';

/** How often a waiter looks for itself, should news be lost. */
const lookEveryMs = 2000;

/**
 * Waits until a job has ended, at most `seconds`. Answers its last known state, ended or not; `signal` ends the wait early.
 */
export async function waitForEnd(
  { store, clock, news }: { readonly store: JobStore; readonly clock: Clock; readonly news: JobChangeHub },
  job: RenderJob,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<RenderJob> {
  const deadline = clock.monotonic() + seconds * 1000;
  let latest = job;
  let wake = new AbortController();
  const stop = news.listen(job.metadata, (change) => {
    if (change.job.metadata.uid === job.metadata.uid) latest = change.job;
    wake.abort();
  });
  try {
    while (!isTerminal(latest.status?.phase) && !signal.aborted) {
      const left = deadline - clock.monotonic();
      if (left <= 0) break;
      wake = new AbortController();
      const either = AbortSignal.any([wake.signal, signal, news.closing]);
      await clock.sleep(Math.min(left, lookEveryMs), either).catch(() => undefined);
      if (news.closing.aborted) break;
      if (wake.signal.aborted) continue;
      const seen = await store.get(job.metadata, { fresh: true });
      if (seen === undefined || seen.metadata.uid !== job.metadata.uid) break;
      // News may have come while we looked: an end is never replaced by an older state.
      if (!isTerminal(latest.status?.phase)) latest = seen;
    }
    return latest;
  } finally {
    stop();
  }
}
