/** Limit of RenderJobs in the set: Jobs are rarely deleted by hand, or created without an answer. */
const maxUids = 10_000;

/**
 * RenderJobs that may have a pod that is not in the cache yet: one of their Jobs was deleted, or created without an answer,
 * and the watch of pods may be behind. Before another Job is created for them, the API server has to be asked for pods.
 */
export class UncertainPods {
  readonly #uids = new Set<string>();

  suspect(uid: string): void {
    this.#uids.add(uid);
    if (this.#uids.size <= maxUids) return;
    const [oldest] = this.#uids;
    if (oldest !== undefined) this.#uids.delete(oldest);
  }

  has(uid: string): boolean {
    return this.#uids.has(uid);
  }

  clear(uid: string): void {
    this.#uids.delete(uid);
  }
}
