/** How many RenderJobs are remembered: Jobs are removed by hand, or made without an answer, once in a while. */
const remembered = 10_000;

/**
 * RenderJobs that may have a pod of which no watch has told yet: a Job was removed, or made without an answer, and the
 * watch of pods may be behind. Before another Job of theirs is made, the API server has to be asked.
 */
export class UncertainPods {
  readonly #uids = new Set<string>();

  suspect(uid: string): void {
    this.#uids.add(uid);
    if (this.#uids.size <= remembered) return;
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
