import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CodedError } from '../../errors/coded-error.ts';
import type { Asset } from '../../ports/asset-index.ts';
import type { Caller } from '../http/auth.ts';
import type { ApiServices } from '../services.ts';

export interface IncomingFile {
  /** Shown to clients; no file is created under it. */
  readonly filename: string;
  readonly extension: string;
  readonly mediaType: string;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly maxBytes: number;
  /** Key of the object without its extension; random when absent. */
  readonly stem?: string;
}

export function tooLarge(maxBytes: number): CodedError {
  return new CodedError('FILE_TOO_LARGE', `Expected a file of at most ${maxBytes} bytes, got a larger one.`);
}

/**
 * Streams a file into the object store and adds it to the asset index. Nothing remains of a file that is empty, too
 * large or incomplete. Rejects with `CONFLICT` when an object with the given stem exists.
 */
export async function storeFile(
  { objects, assets, clock }: Pick<ApiServices, 'objects' | 'assets' | 'clock'>,
  caller: Caller,
  file: IncomingFile,
): Promise<Asset> {
  // The key must not be guessable: any client that knows the URL can fetch the file.
  const key = `${file.stem ?? randomUUID()}.${file.extension}`;
  const upload = await objects.createUpload(key);
  const hash = createHash('sha256');
  let bytes = 0;
  const target = createWriteStream(upload.path, { flags: 'w', mode: 0o640 });
  // A file that is still being opened when the upload fails would be created after the upload was discarded.
  const closed = new Promise<void>((resolve) => target.once('close', resolve));
  try {
    await pipeline(
      file.content,
      async function* measured(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
        for await (const chunk of source) {
          bytes += chunk.byteLength;
          if (bytes > file.maxBytes) throw tooLarge(file.maxBytes);
          hash.update(chunk);
          yield chunk;
        }
      },
      target,
    );
    if (bytes === 0) {
      throw new CodedError('INVALID_REQUEST', 'Expected a file, got an empty one.', {
        details: [{ path: 'file', message: 'is empty' }],
      });
    }
    await objects.publish(upload);
  } catch (error) {
    await closed;
    await objects.discard(upload);
    throw error;
  }
  const asset: Asset = {
    key,
    owner: caller.owner,
    namespace: caller.namespace,
    filename: file.filename,
    mediaType: file.mediaType,
    bytes,
    sha256: hash.digest('hex'),
    createdAt: clock.now(),
  };
  try {
    await assets.add(asset);
  } catch (error) {
    await objects.remove(key);
    throw error;
  }
  return asset;
}
