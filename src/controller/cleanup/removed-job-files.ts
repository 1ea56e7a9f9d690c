import type { RenderJob } from '../../model/job/render-job.ts';
import { type JobRef, keyOf } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { isLive, type StageRunner } from '../../ports/stage-runner.ts';
import { removeOutputs } from '../reconcile/execute-action.ts';

interface Ports {
  readonly runner: StageRunner;
  readonly objects: ObjectStore;
}

/** Pause between two tries to remove files whose workers still run, or that could not be removed. */
const retryMs = 1000;

/** Files of removed jobs whose record had no finalizer that kept it until its files were removed. */
export class RemovedJobFiles {
  readonly #ports: Ports;
  readonly #schedule: (key: string, milliseconds: number) => void;
  readonly #onError: ((what: string, error: unknown) => void) | undefined;
  /** Removed jobs whose files are not removed yet, by uid. */
  readonly #pending = new Map<string, JobRef>();

  /** @param schedule has `cleanUp` called for a key after so many milliseconds */
  constructor(
    ports: Ports,
    schedule: (key: string, milliseconds: number) => void,
    onError?: (what: string, error: unknown) => void,
  ) {
    this.#ports = ports;
    this.#schedule = schedule;
    this.#onError = onError;
  }

  /** Adds a removed job. */
  add({ metadata: { uid, namespace, name, deletionTimestamp } }: RenderJob): void {
    if (deletionTimestamp === undefined) this.addUid(uid, { namespace, name });
  }

  /** Adds a job of which only a run exists. */
  addUid(uid: string, ref: JobRef): void {
    if (this.#pending.has(uid)) return;
    this.#pending.set(uid, ref);
    this.#schedule(keyOf(ref), 0);
  }

  /** Removes the files of removed jobs of this name, once none of their workers can write any more. Never throws. */
  async cleanUp(ref: JobRef): Promise<void> {
    for (const [uid, removed] of this.#pending) {
      if (keyOf(removed) !== keyOf(ref)) continue;
      try {
        const runs = await this.#ports.runner.observe(uid);
        if (!runs.some(isLive)) {
          await removeOutputs(this.#ports.objects, uid);
          this.#pending.delete(uid);
          continue;
        }
      } catch (error) {
        // A later job of the same name does not wait for it.
        this.#onError?.(`remove the files of the removed job ${keyOf(ref)}`, error);
      }
      this.#schedule(keyOf(ref), retryMs);
    }
  }
}
