/** How connections are secured; a change creates new connections. */
export interface TlsMaterial {
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** False accepts any certificate, as `insecure-skip-tls-verify` asks. */
  readonly verify: boolean;
}

/** What a call needs to be authenticated. */
export interface Access {
  readonly tls: TlsMaterial;
  /** Headers with secrets: they are sent to the API server only. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An API server, and our identity there. */
export interface Credentials {
  /** `https://host:port`, with a path where the API is not at the root. */
  readonly server: string;
  /** The namespace when none is given. */
  readonly namespace: string;
  /** Reads the present certificates and tokens: they rotate. */
  readonly load: () => Promise<Access>;
}

/** How long loaded credentials are used; the kubelet replaces a pod's token long before it expires. */
const freshMs = 60_000;

/** Caches credentials for a minute, so that calls do not read files. */
export class CachedCredentials {
  readonly #credentials: Credentials;
  readonly #monotonic: () => number;
  #loaded: Promise<Access> | undefined;
  #loadedAt = 0;

  constructor(credentials: Credentials, monotonic: () => number) {
    this.#credentials = credentials;
    this.#monotonic = monotonic;
  }

  get server(): string {
    return this.#credentials.server;
  }

  /** @param fresh reads them again: the server rejected the token */
  async get({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<Access> {
    const now = this.#monotonic();
    if (this.#loaded === undefined || fresh || now - this.#loadedAt > freshMs) {
      this.#loadedAt = now;
      const before = this.#loaded;
      const loading = this.#credentials.load();
      this.#loaded = loading;
      // A file that is being replaced: the previous credentials stay in use.
      loading.catch(() => {
        if (this.#loaded === loading) this.#loaded = before;
      });
    }
    return this.#loaded;
  }
}
