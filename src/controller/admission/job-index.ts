import type { RenderJob } from '../../model/job/render-job.ts';
import { labels, manager } from '../../model/labels.ts';
import { isTerminal } from '../../model/status/lifecycle.ts';
import { type JobRef, keyOf } from '../../ports/job-store.ts';
import type { Admission, Waiting } from '../reconcile/decision.ts';
import { shouldUpdateQueuePosition } from './queue-position.ts';
import type { HoldingJob, QueuedJob } from './queued-job.ts';

/** The few members of each unfinished job that are kept in memory; the whole job is read when it is reconciled. */
interface Entry extends QueuedJob {
  readonly ref: JobRef;
  readonly attempt: number;
  readonly holdsSlot: boolean;
  /** The pool in which it holds a slot, where that is known. */
  readonly heldPool: string | undefined;
  /** From this instant on it waits for nothing but a slot, in Unix milliseconds; `undefined` when it may not start. */
  readonly admissibleFrom: number | undefined;
  /** When the progress in its status was reported, in Unix milliseconds. */
  readonly progressAt: number | undefined;
}

interface AttemptAdmission {
  readonly attempt: number;
  readonly admission: Admission;
}

/** Unfinished jobs, which of them hold a slot, and the result of the last admission pass for each. */
export class JobIndex {
  readonly #entries = new Map<string, Entry>();
  /** By uid. */
  readonly #admissions = new Map<string, AttemptAdmission>();
  /** By key: new messages of waiting jobs, written a few at a time. */
  readonly #positionUpdates = new Map<string, Waiting>();

  get size(): number {
    return this.#entries.size;
  }

  put(job: RenderJob): void {
    const key = keyOf(job.metadata);
    const known = this.#entries.get(key);
    if (known !== undefined && known.uid !== job.metadata.uid) this.#admissions.delete(known.uid);
    if (isTerminal(job.status?.phase)) {
      this.drop(key);
      return;
    }
    const entry = entryOf(job);
    this.#entries.set(key, entry);
    const current = this.#admissions.get(entry.uid);
    // An admission is used up once its attempt is observed to run, or is over.
    if (current !== undefined && (entry.holdsSlot || entry.attempt > current.attempt))
      this.#admissions.delete(entry.uid);
  }

  drop(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#admissions.delete(known.uid);
    this.#positionUpdates.delete(key);
  }

  /** Releases the slot of an admission that could not be used; the next pass decides about the job again. */
  release(uid: string): void {
    this.#admissions.delete(uid);
  }

  /** Jobs that wait for nothing but a slot. */
  queued(now: number): QueuedJob[] {
    return [...this.#entries.values()].filter((entry) => {
      if (entry.holdsSlot || entry.admissibleFrom === undefined || entry.admissibleFrom > now) return false;
      return this.#admissions.get(entry.uid)?.admission.admitted !== true;
    });
  }

  /** Jobs that hold a slot, and those that are admitted and not yet observed to run. */
  holding(defaultPool: string): HoldingJob[] {
    const jobs: HoldingJob[] = [];
    for (const entry of this.#entries.values()) {
      const admission = this.#admissions.get(entry.uid)?.admission;
      // A job that waits for Kueue holds no slot of ours yet.
      if (!entry.holdsSlot && entry.queue !== undefined) continue;
      if (admission?.admitted) jobs.push({ owner: entry.owner, pool: admission.pool });
      else if (entry.holdsSlot) jobs.push({ owner: entry.owner, pool: entry.heldPool ?? entry.pool ?? defaultPool });
    }
    return jobs;
  }

  /** Applies the admissions of a pass; returns the jobs that have to be reconciled because of them. */
  applyAdmissions(admissions: ReadonlyMap<string, Admission>): { readonly key: string; readonly admitted: boolean }[] {
    const changed: { key: string; admitted: boolean }[] = [];
    for (const [key, entry] of this.#entries) {
      const admission = admissions.get(entry.uid);
      if (admission === undefined) continue;
      const known = this.#admissions.get(entry.uid)?.admission;
      this.#positionUpdates.delete(key);
      if (known?.admitted === false && !admission.admitted && known.reason === admission.reason) {
        if (shouldUpdateQueuePosition(known, admission)) this.#positionUpdates.set(key, admission);
        continue;
      }
      this.#admissions.set(entry.uid, { attempt: entry.attempt, admission });
      if (known?.admitted === true && admission.admitted && known.pool === admission.pool) continue;
      changed.push({ key, admitted: admission.admitted });
    }
    return changed;
  }

  /** Applies at most `limit` pending updates of waiting jobs; returns the keys of those jobs. */
  takePositionUpdates(limit: number): string[] {
    const updates = [...this.#positionUpdates].slice(0, limit);
    for (const [key, admission] of updates) {
      this.#positionUpdates.delete(key);
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#admissions.set(entry.uid, { attempt: entry.attempt, admission });
    }
    return updates.map(([key]) => key);
  }

  admission(uid: string): Admission | undefined {
    return this.#admissions.get(uid)?.admission;
  }

  /** When the progress in the status of a running job was reported; `undefined` when it has none or is unknown. */
  progressAt(key: string): number | undefined {
    return this.#entries.get(key)?.progressAt;
  }

  /** @param uid of the job, to exclude another job of the same name */
  has(key: string, uid?: string): boolean {
    const known = this.#entries.get(key);
    return known !== undefined && (uid === undefined || known.uid === uid);
  }
}

function entryOf({ metadata, spec, status }: RenderJob): Entry {
  const ours = spec.managedBy === undefined || spec.managedBy === manager;
  const waits = status === undefined || status.phase === 'Queued';
  const attempt = status?.attempt ?? 1;
  const held = !ours || spec.suspend === true || spec.cancelled === true || metadata.deletionTimestamp !== undefined;
  const notBefore = status?.nextAttemptAt === undefined ? 0 : Date.parse(status.nextAttemptAt);
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
    holdsSlot: ours && !waits,
    heldPool: status?.attempts?.find(({ number }) => number === attempt)?.pool,
    admissibleFrom: waits && !held ? notBefore : undefined,
    progressAt: status?.progress === undefined ? undefined : Date.parse(status.progress.updatedAt),
  };
}
