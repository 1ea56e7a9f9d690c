import { z } from 'zod';
import { isRecord } from '../../../lib/json.ts';
import { labels, managedByUs } from '../../../model/labels.ts';
import { type ApiKey, roles } from '../../../ports/key-store.ts';
import { type ApiObject, isApiObject } from '../client/api-object.ts';
import { labelSelector, resourcePath } from '../client/resource-path.ts';

/** Type of the Secrets that hold the digest of an API key. */
const secretType = 'framewright.dev/api-key';

const ourLabels = { ...managedByUs, [labels.component]: 'api-key' } as const;

/** Selects them among the other Secrets of their namespace. */
export const keySelector = labelSelector(ourLabels);

const prefix = 'framewright-key-';

/** A key as the cache keeps it. */
export interface CachedKey extends ApiObject {
  readonly key: ApiKey;
}

const text = z.base64().transform((value) => Buffer.from(value, 'base64').toString());
const instant = text.pipe(z.iso.datetime()).transform((iso) => Date.parse(iso));
const storedKey = z.object({
  owner: text.pipe(z.string().min(1)),
  role: text.pipe(z.enum(roles)),
  namespace: text.pipe(z.string().min(1)),
  digest: text.pipe(z.string().regex(/^[0-9a-f]{64}$/)),
  createdAt: instant,
  revokedAt: instant.optional(),
});

/** Name of the Secret of a key. */
export function keySecretName(id: string): string {
  return prefix + id;
}

/** Path of the Secrets of a namespace, or of the Secret of one key. */
export function keySecretPath(namespace: string, id?: string): string {
  const name = id === undefined ? undefined : keySecretName(id);
  return resourcePath({ apiVersion: 'v1', resource: 'secrets', namespace, name });
}

/** The Secret to create for a key: its digest, never the key. */
export function keySecret(namespace: string, { id, owner, role, createdAt, revokedAt, ...key }: ApiKey): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: secretType,
    metadata: {
      namespace,
      name: keySecretName(id),
      labels: ourLabels,
    },
    stringData: {
      owner,
      role,
      namespace: key.namespace,
      digest: key.digest,
      createdAt: iso(createdAt),
      ...(revokedAt === undefined ? {} : { revokedAt: iso(revokedAt) }),
    },
  };
}

/** The change that revokes a key, unless it has changed since `resourceVersion`. */
export function revocation(resourceVersion: string, at: number): object {
  return { metadata: { resourceVersion }, stringData: { revokedAt: iso(at) } };
}

/** A key's Secret of the API, or undefined when it is another Secret or its data are not those of a key. */
export function acceptKeySecret(value: unknown): CachedKey | undefined {
  if (!isApiObject(value) || !isRecord(value) || value['type'] !== secretType) return undefined;
  const { name, namespace, uid, resourceVersion } = value.metadata;
  const stored = storedKey.safeParse(value['data']);
  if (!name.startsWith(prefix) || !stored.success) return undefined;
  const { revokedAt, ...rest } = stored.data;
  return {
    metadata: { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
    key: { id: name.slice(prefix.length), ...rest, ...(revokedAt === undefined ? {} : { revokedAt }) },
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
