import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { StageIdentity } from '../../model/job/stage.ts';
import { type ResultRead, readResultText, tooLong } from '../../worker-protocol/run-outcome.ts';

export interface RunPaths {
  readonly root: string;
  readonly scratch: string;
  readonly result: string;
  readonly log: string;
}

const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The name of a run's folder: unique, as its identity is. Throws `INVALID_REQUEST` for names that could leave the folder. */
export function runName({ uid, attempt, stage }: StageIdentity): string {
  const name = `${uid}-${attempt}-${stage}`;
  if (safeName.test(name) && name.length <= 200) return name;
  throw new CodedError(
    'INVALID_REQUEST',
    'Expected a uid and a stage of letters, digits, dots and dashes, got other characters',
  );
}

/** The folders of runs: `<uid>-<attempt>-<stage>/` with `scratch/`, `result.json` and `log.ndjson`. */
export class RunDirectory {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  pathsOf(name: string): RunPaths {
    const root = join(this.root, name);
    return { root, scratch: join(root, 'scratch'), result: join(root, 'result.json'), log: join(root, 'log.ndjson') };
  }

  /** Creates the folder with an empty log, and calls `use` with the log open for appending. */
  prepare<T>(name: string, use: (paths: RunPaths, log: number) => T): T {
    const paths = this.pathsOf(name);
    mkdirSync(paths.scratch, { recursive: true, mode: 0o700 });
    const log = openSync(paths.log, 'a', 0o600);
    try {
      return use(paths, log);
    } finally {
      closeSync(log);
    }
  }

  async readResult(name: string): Promise<ResultRead> {
    const path = this.pathsOf(name).result;
    try {
      const { size } = await stat(path);
      if (size > bounds.resultBytes) return { missing: tooLong(size) };
      return readResultText(await readFile(path, 'utf8'));
    } catch {
      return { missing: 'it left no result' };
    }
  }

  async removeScratch(name: string): Promise<void> {
    await removeFolder(this.pathsOf(name).scratch);
  }

  async remove(name: string): Promise<void> {
    await removeFolder(this.pathsOf(name).root);
  }

  /** Names of all run folders. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }
}

/** A process that was killed a moment ago may still hold or create a file: the removal is retried. */
async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
