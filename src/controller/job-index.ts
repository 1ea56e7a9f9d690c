import { labels } from '../model/labels.ts';
import { isTerminal } from '../model/lifecycle.ts';
import type { RenderJob } from '../model/render-job.ts';
import { type JobRef, keyOf } from '../ports.ts';
import type { HoldingJob, QueuedJob } from './admit.ts';
import type { Admission } from './decision.ts';

/** The little that is kept in memory of each unfinished job; the whole is read when its turn comes. */
interface Entry extends QueuedJob {
  readonly ref: JobRef;
  readonly attempt: number;
  readonly holds: boolean;
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
      if (admission?.admitted) jobs.push({ owner: entry.owner, pool: admission.pool });
      else if (entry.holds) jobs.push({ owner: entry.owner, pool: entry.pool ?? defaultPool });
    }
    return jobs;
  }

  /** Takes the verdicts of a pass; answers the keys of the jobs for which something changed. */
  takeVerdicts(verdicts: ReadonlyMap<string, Admission>): string[] {
    const changed: string[] = [];
    for (const [key, entry] of this.#entries) {
      const admission = verdicts.get(entry.uid);
      if (admission === undefined) continue;
      const known = this.#verdicts.get(entry.uid)?.admission;
      this.#verdicts.set(entry.uid, { attempt: entry.attempt, admission });
      if (known === undefined || !sameAdmission(known, admission)) changed.push(key);
    }
    return changed;
  }

  verdict(uid: string): Admission | undefined {
    return this.#verdicts.get(uid)?.admission;
  }

  /** When the status of a running job last took progress; `undefined` when it has none or is unknown. */
  progressAt(key: string): number | undefined {
    return this.#entries.get(key)?.progressAt;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }
}

function entryOf({ metadata, spec, status }: RenderJob): Entry {
  const waits = status === undefined || status.phase === 'Queued';
  const stopped = spec.suspend === true || spec.cancelled === true || metadata.deletionTimestamp !== undefined;
  return {
    ref: { namespace: metadata.namespace, name: metadata.name },
    uid: metadata.uid,
    owner: metadata.labels?.[labels.owner] ?? metadata.namespace,
    priority: spec.priority ?? 0,
    createdAt: Date.parse(metadata.creationTimestamp),
    pool: spec.pool,
    acceleration: spec.acceleration ?? 'Preferred',
    attempt: status?.attempt ?? 1,
    holds: !waits,
    admissibleFrom:
      waits && !stopped ? (status?.nextAttemptAt === undefined ? 0 : Date.parse(status.nextAttemptAt)) : undefined,
    progressAt: status?.progress === undefined ? undefined : Date.parse(status.progress.updatedAt),
  };
}

function sameAdmission(a: Admission, b: Admission): boolean {
  if (a.admitted || b.admitted) return a.admitted && b.admitted && a.pool === b.pool;
  return a.reason === b.reason && a.message === b.message;
}
