import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import { apiVersion, type RenderJob, type RenderJobStatus } from '../../model/job/render-job.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  ConflictError,
  type CreateGuard,
  type CreateOutcome,
  type JobChange,
  type JobFilter,
  type JobPage,
  type JobRef,
  type JobStore,
  keyOf,
  type NewJob,
  NotFoundError,
  type SpecPatch,
  type StoreHealth,
} from '../../ports/job-store.ts';
import { checkMove, checkSize, patchedJob, specFromJson, statusFromJson } from '../../ports/job-write-rules.ts';
import { cursorAfter, positionOf } from './cursor.ts';
import type { Database } from './database.ts';
import { whereOf } from './job-query.ts';
import { jobColumns, jobFromRow, type StoredJob, searchColumns } from './job-row.ts';
import { JobWatchers } from './job-watch.ts';
import { allOf } from './sql-condition.ts';

export interface JobStoreOptions {
  readonly clock: Clock;
  /** Retention of finished jobs that set none of their own, in seconds. */
  readonly defaultTtlSeconds: number;
}

const counted = z.object({ count: z.int() });
const versioned = z.object({ value: z.int() });
const unfinished = "phase IN ('Queued', 'Starting', 'Running')";
const insert = `INSERT INTO job (namespace, name, uid, version, generation, created_at, deletion_at, owner, type, phase,
  finished_at, own_ttl, expires_at, labels, annotations, spec, status)
  VALUES (:namespace, :name, :uid, :version, :generation, :created_at, NULL, :owner, :type, :phase,
  :finished_at, :own_ttl, :expires_at, :labels, :annotations, :spec, NULL)`;
const update = `UPDATE job SET version = :version, generation = :generation, owner = :owner, type = :type, phase = :phase,
  finished_at = :finished_at, own_ttl = :own_ttl, expires_at = :expires_at, labels = :labels, spec = :spec, status = :status
  WHERE uid = :uid`;

/**
 * RenderJobs in SQLite. Jobs are never all in memory: watchers keep keys and read rows as they deliver them.
 * SQLite is synchronous, so each method is one uninterrupted turn of the event loop; changes are published after the commit.
 */
export class SqliteJobStore implements JobStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #defaultTtlSeconds: number;
  readonly #watchers: JobWatchers;
  #lastContact: number;

  constructor(database: Database, { clock, defaultTtlSeconds }: JobStoreOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#defaultTtlSeconds = defaultTtlSeconds;
    this.#watchers = new JobWatchers({ clock, read: (uid) => this.#byUid(uid)?.job });
    this.#lastContact = clock.monotonic();
    this.#applyDefaultTtl();
  }

  async create(job: NewJob, guard?: CreateGuard): Promise<CreateOutcome> {
    const json = JSON.stringify(job.spec);
    checkSize('spec', json, bounds.specBytes);
    const spec = specFromJson(json);
    const outcome = this.#database.transaction((): CreateOutcome => {
      const existing = this.#byName(job)?.job;
      if (existing !== undefined)
        return { job: existing, created: false, sameSpec: isDeepStrictEqual(existing.spec, spec) };
      if (guard !== undefined) this.#checkDepth(guard);
      return { job: this.#insert({ ...job, spec }), created: true, sameSpec: true };
    });
    if (outcome.created) this.#watchers.changed(outcome.job);
    return outcome;
  }

  async get(ref: JobRef): Promise<RenderJob | undefined> {
    return this.#database.read(() => this.#byName(ref)?.job);
  }

  async list(
    filter: JobFilter,
    { limit = 100, cursor, offset = 0 }: { limit?: number; cursor?: string; offset?: number } = {},
  ): Promise<JobPage> {
    const after = cursor === undefined ? [] : [{ text: 'seq < ?', values: [positionOf(cursor)] }];
    const where = allOf([whereOf(filter), ...after]);
    // One row more than requested shows whether there is a further page.
    const text = `SELECT ${jobColumns} FROM job WHERE ${where.text} ORDER BY seq DESC LIMIT ? OFFSET ?`;
    const rows = this.#database.read(() =>
      this.#database
        .prepare(text)
        .all(...where.values, limit + 1, offset)
        .map(jobFromRow),
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      jobs: page.map(({ job }) => job),
      ...(rows.length > limit && last !== undefined ? { cursor: cursorAfter(last.seq) } : {}),
    };
  }

  async count(filter: JobFilter): Promise<number> {
    const where = whereOf(filter);
    return this.#database.read(() => this.#count(where.text, where.values));
  }

  async patchSpec(ref: JobRef, resourceVersion: string, patch: SpecPatch): Promise<RenderJob> {
    return this.#change(ref, resourceVersion, (job) => {
      const next = patchedJob(job, patch);
      checkSize('spec', JSON.stringify(next.spec), bounds.specBytes);
      return next;
    });
  }

  async writeStatus(ref: JobRef, resourceVersion: string, status: RenderJobStatus): Promise<RenderJob> {
    const json = JSON.stringify(status);
    checkSize('status', json, bounds.statusBytes);
    const written = statusFromJson(json);
    return this.#change(ref, resourceVersion, (job) => {
      checkMove(job, written.phase);
      return { ...job, status: written };
    });
  }

  async remove(ref: JobRef, uid?: string): Promise<void> {
    const changed = this.#database.transaction(() => {
      const job = this.#byName(ref)?.job;
      if (job === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
      if (uid !== undefined && job.metadata.uid !== uid) return undefined;
      this.#database
        .prepare('UPDATE job SET deletion_at = ?, version = ? WHERE uid = ?')
        .run(this.#clock.now(), this.#nextVersion(), job.metadata.uid);
      return job;
    });
    if (changed !== undefined) this.#watchers.changed(changed);
  }

  async finalize(ref: JobRef, uid: string): Promise<void> {
    const removed = this.#database.transaction(() => {
      const job = this.#byName(ref)?.job;
      if (job?.metadata.uid !== uid) return undefined;
      this.#database.prepare('DELETE FROM job WHERE uid = ?').run(uid);
      return job;
    });
    if (removed !== undefined) this.#watchers.removed(removed);
  }

  async listExpired(now: number, limit: number): Promise<readonly RenderJob[]> {
    const text = `SELECT ${jobColumns} FROM job WHERE expires_at <= ? AND deletion_at IS NULL ORDER BY expires_at, seq LIMIT ?`;
    return this.#database.read(() =>
      this.#database
        .prepare(text)
        .all(now, limit)
        .map((row) => jobFromRow(row).job),
    );
  }

  watch(signal: AbortSignal): AsyncIterable<JobChange> {
    const text = `SELECT uid FROM job WHERE ${unfinished} OR deletion_at IS NOT NULL ORDER BY seq`;
    const rows = this.#database.read(() => this.#database.prepare(text).all());
    return this.#watchers.watch(
      rows.map((row) => String(row['uid'])),
      signal,
    );
  }

  /** Probes a database that failed, so that its recovery is noticed. */
  health(): StoreHealth {
    if (this.#database.isOpen) this.#database.probe();
    const synced = this.#database.isOpen && this.#database.failure === undefined;
    const now = this.#clock.monotonic();
    if (synced) this.#lastContact = now;
    return { synced, lastContactMs: now - this.#lastContact };
  }

  /** Reads, lets `next` compute the new job, and writes it if it differs: an equal write is no change. */
  #change(ref: JobRef, resourceVersion: string, next: (job: RenderJob) => RenderJob): RenderJob {
    const { before, after } = this.#database.transaction(() => {
      const job = this.#byName(ref)?.job;
      if (job === undefined) throw new NotFoundError(`Expected the job ${keyOf(ref)}, but it was removed`);
      if (job.metadata.resourceVersion !== resourceVersion) {
        throw new ConflictError(
          `Expected version ${resourceVersion} of ${keyOf(ref)}, got ${job.metadata.resourceVersion}: read it again`,
        );
      }
      const changed = next(job);
      return { before: job, after: isDeepStrictEqual(changed, job) ? job : this.#update(changed) };
    });
    if (after !== before) this.#watchers.changed(after);
    return after;
  }

  #insert(job: NewJob): RenderJob {
    const now = this.#clock.now();
    const created: RenderJob = {
      apiVersion,
      kind: 'RenderJob',
      metadata: {
        name: job.name,
        namespace: job.namespace,
        uid: randomUUID(),
        resourceVersion: String(this.#nextVersion()),
        generation: 1,
        creationTimestamp: new Date(now).toISOString(),
        ...(job.labels === undefined ? {} : { labels: { ...job.labels } }),
        ...(job.annotations === undefined ? {} : { annotations: { ...job.annotations } }),
      },
      spec: job.spec,
    };
    const { name, namespace, uid, resourceVersion, generation, labels, annotations } = created.metadata;
    this.#database.prepare(insert).run({
      ...this.#searchColumns(created),
      namespace,
      name,
      uid,
      version: Number(resourceVersion),
      generation,
      created_at: now,
      labels: labels === undefined ? null : JSON.stringify(labels),
      annotations: annotations === undefined ? null : JSON.stringify(annotations),
      spec: JSON.stringify(created.spec),
    });
    return created;
  }

  #update(job: RenderJob): RenderJob {
    const version = this.#nextVersion();
    const { uid, generation, labels } = job.metadata;
    this.#database.prepare(update).run({
      ...this.#searchColumns(job),
      uid,
      version,
      generation,
      labels: labels === undefined ? null : JSON.stringify(labels),
      spec: JSON.stringify(job.spec),
      status: job.status === undefined ? null : JSON.stringify(job.status),
    });
    return { ...job, metadata: { ...job.metadata, resourceVersion: String(version) } };
  }

  #byName({ namespace, name }: JobRef): StoredJob | undefined {
    const row = this.#database
      .prepare(`SELECT ${jobColumns} FROM job WHERE namespace = ? AND name = ?`)
      .get(namespace, name);
    return row === undefined ? undefined : jobFromRow(row);
  }

  #byUid(uid: string): StoredJob | undefined {
    const row = this.#database.read(() =>
      this.#database.prepare(`SELECT ${jobColumns} FROM job WHERE uid = ?`).get(uid),
    );
    return row === undefined ? undefined : jobFromRow(row);
  }

  #checkDepth({ owner, maxUnfinished }: CreateGuard): void {
    const depth = this.#count(`owner = ? AND ${unfinished}`, [owner]);
    if (depth < maxUnfinished) return;
    throw new CodedError('QUEUE_DEPTH_EXCEEDED', `${owner} has reached the limit of ${maxUnfinished} unfinished jobs`);
  }

  #count(where: string, values: readonly (string | number)[]): number {
    return counted.parse(this.#database.prepare(`SELECT count(*) AS count FROM job WHERE ${where}`).get(...values))
      .count;
  }

  #nextVersion(): number {
    const text = "UPDATE counter SET value = value + 1 WHERE name = 'version' RETURNING value";
    return versioned.parse(this.#database.prepare(text).get()).value;
  }

  #searchColumns(job: RenderJob): Record<string, string | number | null> {
    return searchColumns(job, { now: this.#clock.now(), defaultTtlSeconds: this.#defaultTtlSeconds });
  }

  /** The configured retention also applies to jobs that finished under another one. */
  #applyDefaultTtl(): void {
    const ttl = this.#defaultTtlSeconds * 1000;
    const text = 'UPDATE job SET expires_at = finished_at + ? WHERE own_ttl IS NULL AND expires_at <> finished_at + ?';
    this.#database.transaction(() => this.#database.prepare(text).run(ttl, ttl));
  }
}
