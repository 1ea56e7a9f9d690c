import type { RenderJob } from '../../model/job/render-job.ts';
import { labels, manager } from '../../model/labels.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type JobRef, keyOf } from '../../ports/job-store.ts';
import type { Admission, Waiting } from '../reconcile/decision.ts';
import { shouldUpdateQueuePosition } from './queue-position.ts';
import type { HoldingJob, QueuedJob } from './queued-job.ts';

/** The little that is kept in memory of each unfinished job; the whole is read when its turn comes. */
interface Entry extends QueuedJob {
  readonly ref: JobRef;
  readonly attempt: number;
  readonly holds: boolean;
  /** The pool in which it holds a slot, where that is known. */
  readonly heldPool: string | undefined;
  /** Waits for nothing but a slot from this instant on; `undefined` when it may not start. */
  readonly admissibleFrom: number | undefined;
  /** When the progress in its status was news, in Unix milliseconds. */
  readonly progressAt: number | undefined;
}

interface Verdict {
  readonly attempt: number;
  readonly admission: Admission;
}

/** Unfinished jobs, who of them holds a slot, and what the last admission pass said of each. */
export class JobIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #verdicts = new Map<string, Verdict>();
  /** What waiting jobs may hear when their turn to be told comes. */
  readonly #news = new Map<string, Waiting>();

  get size(): number {
    return this.#entries.size;
  }

  put(job: RenderJob): void {
    const key = keyOf(job.metadata);
    const known = this.#entries.get(key);
    if (known !== undefined && known.uid !== job.metadata.uid) this.#verdicts.delete(known.uid);
    if (isTerminal(job.status?.phase)) {
      this.drop(key);
      return;
    }
    const entry = entryOf(job);
    this.#entries.set(key, entry);
    const verdict = this.#verdicts.get(entry.uid);
    // Once the attempt is seen to run, or is over, its admission has been used up.
    if (verdict !== undefined && (entry.holds || entry.attempt > verdict.attempt)) this.#verdicts.delete(entry.uid);
  }

  drop(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#verdicts.delete(known.uid);
    this.#news.delete(key);
  }

  /** An admission that was of no use: the slot is free again, and the job is judged anew. */
  giveBack(uid: string): void {
    this.#verdicts.delete(uid);
  }

  /** Jobs that wait for nothing but a slot. */
  queued(now: number): QueuedJob[] {
    return [...this.#entries.values()].filter((entry) => {
      if (entry.holds || entry.admissibleFrom === undefined || entry.admissibleFrom > now) return false;
      return this.#verdicts.get(entry.uid)?.admission.admitted !== true;
    });
  }

  /** Jobs that hold a slot, and those admitted and not yet seen to run. */
  holding(defaultPool: string): HoldingJob[] {
    const jobs: HoldingJob[] = [];
    for (const entry of this.#entries.values()) {
      const admission = this.#verdicts.get(entry.uid)?.admission;
      // What waits for Kueue holds nothing of ours yet.
      if (!entry.holds && entry.queue !== undefined) continue;
      if (admission?.admitted) jobs.push({ owner: entry.owner, pool: admission.pool });
      else if (entry.holds) jobs.push({ owner: entry.owner, pool: entry.heldPool ?? entry.pool ?? defaultPool });
    }
    return jobs;
  }

  /** Takes the verdicts of a pass; answers the jobs for which something changed. */
  takeVerdicts(verdicts: ReadonlyMap<string, Admission>): { readonly key: string; readonly admitted: boolean }[] {
    const changed: { key: string; admitted: boolean }[] = [];
    for (const [key, entry] of this.#entries) {
      const admission = verdicts.get(entry.uid);
      if (admission === undefined) continue;
      const known = this.#verdicts.get(entry.uid)?.admission;
      this.#news.delete(key);
      if (known?.admitted === false && !admission.admitted && known.reason === admission.reason) {
        if (shouldUpdateQueuePosition(known, admission)) this.#news.set(key, admission);
        continue;
      }
      this.#verdicts.set(entry.uid, { attempt: entry.attempt, admission });
      if (known?.admitted === true && admission.admitted && known.pool === admission.pool) continue;
      changed.push({ key, admitted: admission.admitted });
    }
    return changed;
  }

  /** Keys of at most so many waiting jobs whose verdict has new words, which count from now on. */
  takeWaitingNews(limit: number): string[] {
    const told = [...this.#news].slice(0, limit);
    for (const [key, admission] of told) {
      this.#news.delete(key);
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#verdicts.set(entry.uid, { attempt: entry.attempt, admission });
    }
    return told.map(([key]) => key);
  }

  verdict(uid: string): Admission | undefined {
    return this.#verdicts.get(uid)?.admission;
  }

  /** When the status of a running job last took progress; `undefined` when it has none or is unknown. */
  progressAt(key: string): number | undefined {
    return this.#entries.get(key)?.progressAt;
  }

  /** @param uid of the job, where one of the same name will not do */
  has(key: string, uid?: string): boolean {
    const known = this.#entries.get(key);
    return known !== undefined && (uid === undefined || known.uid === uid);
  }
}

function entryOf({ metadata, spec, status }: RenderJob): Entry {
  const ours = spec.managedBy === undefined || spec.managedBy === manager;
  const waits = status === undefined || status.phase === 'Queued';
  const attempt = status?.attempt ?? 1;
  const stopped = !ours || spec.suspend === true || spec.cancelled === true || metadata.deletionTimestamp !== undefined;
  return {
    ref: { namespace: metadata.namespace, name: metadata.name },
    uid: metadata.uid,
    owner: metadata.labels?.[labels.owner] ?? metadata.namespace,
    priority: spec.priority ?? 0,
    createdAt: Date.parse(metadata.creationTimestamp),
    pool: spec.pool,
    acceleration: spec.acceleration ?? 'Preferred',
    queue: spec.queue,
    attempt,
    holds: ours && !waits,
    heldPool: status?.attempts?.find(({ number }) => number === attempt)?.pool,
    admissibleFrom:
      waits && !stopped ? (status?.nextAttemptAt === undefined ? 0 : Date.parse(status.nextAttemptAt)) : undefined,
    progressAt: status?.progress === undefined ? undefined : Date.parse(status.progress.updatedAt),
  };
}
