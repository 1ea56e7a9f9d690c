export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
  readonly etag: string;
}

/** An object that is being written and is not visible yet: `publish` makes it visible, `discard` removes it. */
export interface Upload {
  /** Unique. A store that keeps it with the object recognises its own object when a publication is repeated. */
  readonly id: string;
  readonly key: string;
  /** A local file to write to, in the same file system as the object will be. */
  readonly path: string;
}

export interface ObjectStore {
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Bytes `start` to `end`, both included, as in HTTP ranges. Rejects with `NOT_FOUND`. */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array>>;
  /** Rejects with `INVALID_REQUEST` for a text that is no key. */
  createUpload(key: string): Promise<Upload>;
  /**
   * Makes an upload visible, all or nothing. A key that exists is an error (`CONFLICT`), not a replacement. An abort of
   * `signal` may end it early: it rejects with the signal's reason then, and nothing has become visible.
   */
  publish(upload: Upload, options?: { readonly signal?: AbortSignal }): Promise<ObjectInfo>;
  /** Idempotent. */
  discard(upload: Upload): Promise<void>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** A URL under which a client can read the object until it expires. */
  urlFor(key: string, options?: { readonly expiresSeconds?: number }): Promise<string>;
}
