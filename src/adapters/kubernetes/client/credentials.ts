/** How connections are secured; a change makes new connections. */
export interface TlsMaterial {
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** False accepts any certificate, as `insecure-skip-tls-verify` asks. */
  readonly verify: boolean;
}

/** What a call needs to be let in. */
export interface Access {
  readonly tls: TlsMaterial;
  /** Headers with secrets: they go to the API server and nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Who we are to which API server. */
export interface Credentials {
  /** `https://host:port`, with a path where the API is not at the root. */
  readonly server: string;
  /** The namespace that is meant when none is named. */
  readonly namespace: string;
  /** Reads certificates and tokens as they are now: they rotate. */
  readonly load: () => Promise<Access>;
}

/** How long loaded credentials are used; the kubelet replaces a pod's token long before it expires. */
const freshMs = 60_000;

/** Keeps what was loaded for a minute, so that calls do not read files. */
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

  /** @param fresh reads anew: the server did not know the token */
  async get({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<Access> {
    const now = this.#monotonic();
    if (this.#loaded === undefined || fresh || now - this.#loadedAt > freshMs) {
      this.#loadedAt = now;
      const before = this.#loaded;
      const loading = this.#credentials.load();
      this.#loaded = loading;
      // A file that is being replaced: what is known goes on to be used.
      loading.catch(() => {
        if (this.#loaded === loading) this.#loaded = before;
      });
    }
    return this.#loaded;
  }
}
