import { z } from 'zod';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import type { StageIdentity } from '../../model/job/stage.ts';
import { stageResult } from '../../model/status/result.ts';
import {
  type EndedRun,
  type FailedRun,
  type RunningRun,
  type StopReason,
  stopReasons,
} from '../../ports/stage-runner.ts';
import type { Database } from '../sqlite/database.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A recorded run, with the process that a later server may have to find. */
export interface RunRecord<Run = RecordedRun> {
  readonly run: Run;
  readonly process?: ProcessIdentity;
}

/** A run that waits has no record: the controller starts it again. */
type RecordedRun = RunningRun | EndedRun;

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
  stop_reason: optional(z.enum(stopReasons)),
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
 * Runs that were started, in SQLite. A record is written before its process exists: however a server ends, the next one
 * finds every process that there may be. Waiting runs are not recorded; the controller starts them again.
 */
export class RunRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  save(run: RecordedRun): void {
    const { uid, attempt, stage, namespace, name } = run.identity;
    const { finishedAt, exitCode, infrastructure, message, result } = endOf(run);
    const values = {
      uid,
      attempt,
      stage,
      namespace,
      name,
      state: run.state,
      node: run.node ?? null,
      started_at: run.startedAt ?? null,
      finished_at: finishedAt ?? null,
      exit_code: exitCode ?? null,
      infrastructure: infrastructure === undefined ? null : Number(infrastructure),
      stop_reason: run.stopReason ?? null,
      message: message ?? null,
      result: result === undefined ? null : JSON.stringify(result),
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

  get({ uid, attempt, stage }: StageIdentity): RecordedRun | undefined {
    return this.#select(byIdentity, uid, attempt, stage)[0]?.run;
  }

  /** Oldest attempt first. */
  ofJob(uid: string): RecordedRun[] {
    return this.#select('uid = ? ORDER BY attempt, seq', uid).map(({ run }) => run);
  }

  /** Runs without a recorded end. */
  unended(): RunRecord<RunningRun>[] {
    const records = this.#select("state = 'running' ORDER BY seq");
    return records.flatMap(({ run, ...rest }) => (run.state === 'running' ? [{ ...rest, run }] : []));
  }

  /** The identities of all runs, and whether they have ended: without results, so that the list stays small. */
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
  const found = row.parse(value);
  const { pid, pid_started: started, boot_id: bootId } = found;
  return {
    run: runFromRow(found),
    ...(pid === undefined || started === undefined || bootId === undefined
      ? {}
      : { process: { pid, started, bootId } }),
  };
}

function runFromRow({ uid, attempt, stage, namespace, name, state, ...found }: z.infer<typeof row>): RecordedRun {
  const identity = { namespace, name, uid, attempt, stage };
  const base = omitUndefined({ identity, node: found.node, stopReason: found.stop_reason });
  if (state === 'running') return { ...base, state, startedAt: z.int().parse(found.started_at) };
  const ended = omitUndefined({ startedAt: found.started_at, finishedAt: found.finished_at });
  const exitCode = found.exit_code;
  const result = found.result === undefined ? undefined : stageResult.parse(JSON.parse(found.result));
  switch (state) {
    case 'succeeded':
      return { ...base, ...ended, state, exitCode: exitCode ?? 0, result: stageResult.parse(result) };
    case 'failed': {
      const infrastructure = found.infrastructure === undefined ? undefined : found.infrastructure === 1;
      return {
        ...base,
        ...ended,
        state,
        ...omitUndefined({ exitCode, result, infrastructure, message: found.message }),
      };
    }
    case 'lost':
      return {
        ...base,
        ...ended,
        ...omitUndefined({ exitCode }),
        state,
        infrastructure: true,
        message: found.message ?? '',
      };
  }
}

/** The members of an ended run that a running one does not have. */
function endOf(run: RecordedRun): Omit<Partial<FailedRun>, 'state'> {
  return run.state === 'running' ? {} : run;
}
