/** Of one creation. */
export interface QuotaRequest {
  readonly owner: string;
  /** Of the job that is created. */
  readonly key: string;
  /** Unfinished jobs that the owner may have. */
  readonly limit: number;
}

/** What the cache contains when a creation starts. */
export interface CachedJobs {
  /** How many unfinished jobs the owner has. */
  readonly unfinished: number;
  readonly has: (key: string) => boolean;
}

/**
 * Limits the unfinished jobs of each owner, creations in progress included. A job may be in the cache before the answer to
 * its creation arrives; then it is counted there only.
 */
export class UnfinishedJobQuota {
  readonly #creating = new Map<string, Set<string>>();

  /** @returns to be called when the creation has ended; undefined when the owner has reached the limit */
  reserve({ owner, key, limit }: QuotaRequest, cached: CachedJobs): (() => void) | undefined {
    const creating = this.#creating.get(owner) ?? new Set();
    const uncached = [...creating].filter((one) => !cached.has(one)).length;
    if (cached.unfinished + uncached >= limit) return undefined;
    creating.add(key);
    this.#creating.set(owner, creating);
    return () => {
      creating.delete(key);
      if (creating.size === 0 && this.#creating.get(owner) === creating) this.#creating.delete(owner);
    };
  }
}
