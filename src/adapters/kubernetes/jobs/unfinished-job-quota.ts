/**
 * Places among the unfinished jobs of owners that creations under way have taken. A job may be in the cache before the
 * answer to its creation is here, and is counted there then.
 */
export class UnfinishedJobQuota {
  readonly #taken = new Map<string, Set<string>>();

  /**
   * @param unfinished how many jobs of the owner the cache has
   * @param isCached whether the cache has the job of a key
   * @returns how to give the place back; undefined when there is none
   */
  take(
    { owner, key, most }: { readonly owner: string; readonly key: string; readonly most: number },
    unfinished: number,
    isCached: (key: string) => boolean,
  ): (() => void) | undefined {
    const taken = this.#taken.get(owner) ?? new Set();
    const underWay = [...taken].filter((one) => !isCached(one)).length;
    if (unfinished + underWay >= most) return undefined;
    taken.add(key);
    this.#taken.set(owner, taken);
    return () => {
      taken.delete(key);
      if (taken.size === 0 && this.#taken.get(owner) === taken) this.#taken.delete(owner);
    };
  }
}
