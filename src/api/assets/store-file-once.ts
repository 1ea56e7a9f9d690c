import { createHash } from 'node:crypto';
import { CodedError } from '../../errors/coded-error.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import type { Asset } from '../../ports/asset-index.ts';
import type { Caller } from '../http/auth.ts';
import { idempotencyMismatch } from '../http/idempotency.ts';
import { type IncomingFile, storeFile } from '../jobs/store-file.ts';
import type { ApiServices } from '../services.ts';

/** Age in milliseconds from which a published file without an entry in the index is left over from a dead server. */
const abandonedMs = 60_000;

/** Stores a file under an idempotency key; the same bytes again are the same asset, other bytes a mismatch. */
export async function storeFileOnce(
  services: Pick<ApiServices, 'objects' | 'assets' | 'clock'>,
  caller: Caller,
  file: IncomingFile,
  key: string,
): Promise<Asset> {
  const stem = stemOf(caller, key);
  for await (const object of services.objects.list(stem)) {
    const known = await services.assets.get(object.key);
    if (known !== undefined) return requireSameFile(caller, file, known);
    // Published but not in the index: another request is about to add it, or a server died in between.
    if (services.clock.now() - object.modifiedAt < abandonedMs) throw busy();
    await services.objects.remove(object.key);
  }
  try {
    return await storeFile(services, caller, { ...file, stem });
  } catch (error) {
    if (error instanceof CodedError && error.code === 'CONFLICT') throw busy(error);
    throw error;
  }
}

/** Start of an object's key. Salted by the id of the API key: the key of an object must not be guessable. */
function stemOf({ keyId, namespace, owner }: Caller, key: string): string {
  return createHash('sha256').update([keyId, namespace, owner, key].join('\0')).digest('hex');
}

async function requireSameFile(caller: Caller, file: IncomingFile, known: Asset): Promise<Asset> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of file.content) {
    bytes += chunk.byteLength;
    if (bytes > known.bytes) throw idempotencyMismatch();
    hash.update(chunk);
  }
  if (known.owner !== caller.owner || hash.digest('hex') !== known.sha256) throw idempotencyMismatch();
  return known;
}

function busy(cause?: Error): CodedError {
  return new CodedError('CONFLICT', 'Another request with this Idempotency-Key is in progress.', {
    remedy: 'Send the request again in a moment.',
    ...omitUndefined({ cause }),
  });
}
