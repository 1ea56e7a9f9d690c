export const roles = ['user', 'team-owner', 'admin'] as const;
export type Role = (typeof roles)[number];

/** An API key as it is stored: never the secret, only its SHA-256. */
export interface ApiKey {
  /** The middle part of `fwk_<id>_<secret>`. */
  readonly id: string;
  readonly owner: string;
  readonly role: Role;
  readonly namespace: string;
  /** Lower-case hex SHA-256 of the secret part. */
  readonly digest: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly revokedAt?: number;
}

export interface KeyStore {
  add(key: ApiKey): Promise<void>;
  get(id: string): Promise<ApiKey | undefined>;
  list(): Promise<readonly ApiKey[]>;
  /** Idempotent; false when there is no such key. */
  revoke(id: string, at: number): Promise<boolean>;
}
