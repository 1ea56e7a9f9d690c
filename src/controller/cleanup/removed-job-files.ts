import type { RenderJob } from '../../model/job/render-job.ts';
import { type JobRef, keyOf } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { isLive, type StageRunner } from '../../ports/stage-runner.ts';
import { removeOutputs } from '../reconcile/execute-action.ts';

interface Ports {
  readonly runner: StageRunner;
  readonly objects: ObjectStore;
}

/** How long until it is looked again whether the workers of a removed job have ended, or its files can be removed. */
const againMs = 1000;

/** Files of jobs that were removed without asking: nobody kept them until their files were gone. */
export class RemovedJobFiles {
  readonly #ports: Ports;
  readonly #again: (key: string, milliseconds: number) => void;
  readonly #onError: ((what: string, error: unknown) => void) | undefined;
  /** By uid. */
  readonly #left = new Map<string, JobRef>();

  /** @param again has `cleanUp` called for a key, so much later */
  constructor(
    ports: Ports,
    again: (key: string, milliseconds: number) => void,
    onError?: (what: string, error: unknown) => void,
  ) {
    this.#ports = ports;
    this.#again = again;
    this.#onError = onError;
  }

  /** Takes note of a job that is gone. */
  note({ metadata: { uid, namespace, name, deletionTimestamp } }: RenderJob): void {
    if (deletionTimestamp === undefined) this.noteUid(uid, { namespace, name });
  }

  /** The same, of a job of which only a run is left. */
  noteUid(uid: string, ref: JobRef): void {
    if (this.#left.has(uid)) return;
    this.#left.set(uid, ref);
    this.#again(keyOf(ref), 0);
  }

  /** Removes the files of removed jobs of this name, once none of their workers can write any more. Never throws. */
  async cleanUp(ref: JobRef): Promise<void> {
    for (const [uid, left] of this.#left) {
      if (keyOf(left) !== keyOf(ref)) continue;
      try {
        const runs = await this.#ports.runner.observe(uid);
        if (!runs.some(isLive)) {
          await removeOutputs(this.#ports.objects, uid);
          this.#left.delete(uid);
          continue;
        }
      } catch (error) {
        // A later job of the same name does not wait for it.
        this.#onError?.(`remove what ${keyOf(ref)} left`, error);
      }
      this.#again(keyOf(ref), againMs);
    }
  }
}
