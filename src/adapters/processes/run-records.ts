import { z } from 'zod';
import type { StageIdentity } from '../../model/job/stage.ts';
import { stageResult } from '../../model/status/result.ts';
import type { StageRun, StopReason } from '../../ports/stage-runner.ts';
import type { Database } from '../sqlite/database.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A run as it is kept, with the process that a later server may have to find. */
export interface RunRecord {
  readonly run: StageRun;
  readonly process?: ProcessIdentity;
}

const optional = <T extends z.ZodType>(type: T) => type.nullable().transform((value) => value ?? undefined);

const row = z.object({
  uid: z.string(),
  attempt: z.int(),
  stage: z.string(),
  namespace: z.string(),
  name: z.string(),
  state: z.enum(['running', 'succeeded', 'failed', 'lost']),
  node: optional(z.string()),
  started_at: optional(z.int()),
  finished_at: optional(z.int()),
  exit_code: optional(z.int()),
  infrastructure: optional(z.int()),
  stop_reason: optional(z.enum(['cancelled', 'timeout', 'suspended', 'deleted', 'superseded'])),
  message: optional(z.string()),
  result: optional(z.string()),
  pid: optional(z.int()),
  pid_started: optional(z.string()),
  boot_id: optional(z.string()),
});

const outlineRow = row.pick({ uid: true, attempt: true, stage: true, namespace: true, name: true, state: true });

const upsert = `INSERT INTO run (uid, attempt, stage, namespace, name, state, node, started_at, finished_at, exit_code,
  infrastructure, stop_reason, message, result) VALUES (:uid, :attempt, :stage, :namespace, :name, :state, :node, :started_at,
  :finished_at, :exit_code, :infrastructure, :stop_reason, :message, :result)
  ON CONFLICT (uid, attempt, stage) DO UPDATE SET state = excluded.state, node = excluded.node, started_at = excluded.started_at,
  finished_at = excluded.finished_at, exit_code = excluded.exit_code, infrastructure = excluded.infrastructure,
  stop_reason = excluded.stop_reason, message = excluded.message, result = excluded.result`;
const byIdentity = 'uid = ? AND attempt = ? AND stage = ?';

/**
 * Runs that were started, in SQLite. A record is written before its process exists: whatever the server's end, the next
 * one knows of every process that there may be. Runs that wait are not kept; the controller starts them again.
 */
export class RunRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  save({ identity, ...run }: StageRun): void {
    const { uid, attempt, stage, namespace, name } = identity;
    const values = {
      uid,
      attempt,
      stage,
      namespace,
      name,
      state: run.state,
      node: run.node ?? null,
      started_at: run.startedAt ?? null,
      finished_at: run.finishedAt ?? null,
      exit_code: run.exitCode ?? null,
      infrastructure: run.infrastructure === undefined ? null : Number(run.infrastructure),
      stop_reason: run.stopReason ?? null,
      message: run.message ?? null,
      result: run.result === undefined ? null : JSON.stringify(run.result),
    };
    this.#database.transaction(() => this.#database.prepare(upsert).run(values));
  }

  saveProcess({ uid, attempt, stage }: StageIdentity, { pid, started, bootId }: ProcessIdentity): void {
    const text = `UPDATE run SET pid = ?, pid_started = ?, boot_id = ? WHERE ${byIdentity}`;
    this.#database.transaction(() => this.#database.prepare(text).run(pid, started, bootId, uid, attempt, stage));
  }

  saveStop({ uid, attempt, stage }: StageIdentity, reason: StopReason): void {
    const text = `UPDATE run SET stop_reason = ? WHERE ${byIdentity}`;
    this.#database.transaction(() => this.#database.prepare(text).run(reason, uid, attempt, stage));
  }

  get({ uid, attempt, stage }: StageIdentity): StageRun | undefined {
    return this.#select(byIdentity, uid, attempt, stage)[0]?.run;
  }

  /** Oldest attempt first. */
  ofJob(uid: string): StageRun[] {
    return this.#select('uid = ? ORDER BY attempt, seq', uid).map(({ run }) => run);
  }

  /** Runs whose end is not on record. */
  unended(): RunRecord[] {
    return this.#select("state = 'running' ORDER BY seq");
  }

  /** Who has run, and whether it has ended: without results, so that it stays small. */
  outline(): { readonly identity: StageIdentity; readonly ended: boolean }[] {
    const rows = this.#database.read(() =>
      this.#database.prepare('SELECT uid, attempt, stage, namespace, name, state FROM run').all(),
    );
    return rows.map((value) => {
      const { state, ...identity } = outlineRow.parse(value);
      return { identity, ended: state !== 'running' };
    });
  }

  forget({ uid, attempt, stage }: StageIdentity): void {
    this.#database.transaction(() =>
      this.#database.prepare(`DELETE FROM run WHERE ${byIdentity}`).run(uid, attempt, stage),
    );
  }

  #select(where: string, ...values: (string | number)[]): RunRecord[] {
    const rows = this.#database.read(() => this.#database.prepare(`SELECT * FROM run WHERE ${where}`).all(...values));
    return rows.map(recordFromRow);
  }
}

function recordFromRow(value: unknown): RunRecord {
  const { uid, attempt, stage, namespace, name, state, ...found } = row.parse(value);
  const { pid, pid_started: started, boot_id: bootId } = found;
  const run: StageRun = {
    identity: { namespace, name, uid, attempt, stage },
    state,
    ...(found.node === undefined ? {} : { node: found.node }),
    ...(found.started_at === undefined ? {} : { startedAt: found.started_at }),
    ...(found.finished_at === undefined ? {} : { finishedAt: found.finished_at }),
    ...(found.exit_code === undefined ? {} : { exitCode: found.exit_code }),
    ...(found.infrastructure === undefined ? {} : { infrastructure: found.infrastructure === 1 }),
    ...(found.stop_reason === undefined ? {} : { stopReason: found.stop_reason }),
    ...(found.message === undefined ? {} : { message: found.message }),
    ...(found.result === undefined ? {} : { result: stageResult.parse(JSON.parse(found.result)) }),
  };
  return {
    run,
    ...(pid === undefined || started === undefined || bootId === undefined
      ? {}
      : { process: { pid, started, bootId } }),
  };
}
