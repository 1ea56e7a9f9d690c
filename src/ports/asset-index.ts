/** An uploaded file; its bytes are an object of the same key. */
export interface Asset {
  readonly key: string;
  readonly owner: string;
  readonly namespace: string;
  /** The name from the upload. */
  readonly filename: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export interface AssetIndex {
  add(asset: Asset): Promise<void>;
  get(key: string): Promise<Asset | undefined>;
  /** Newest first. */
  list(
    filter: { readonly owner?: string; readonly namespace?: string },
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly assets: readonly Asset[]; readonly cursor?: string }>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
}
