import { z } from 'zod';
import type { Asset } from '../../ports/asset-index.ts';
import { type ApiContext, objectUrl } from '../context.ts';

export const assetReply = z.strictObject({
  id: z.string().describe('Id of the file; also the last part of its URL.'),
  url: z.string().describe('URL of the file, also as the source of an operation.'),
  filename: z.string().describe('Name of the file at the client.'),
  mediaType: z.string().describe('Media type (RFC 6838).'),
  bytes: z.int().min(1).describe('Size in bytes.'),
  sha256: z.string().describe('SHA-256 of the file in lower-case hex.'),
  createdAt: z.int().describe('Unix milliseconds.'),
});

/** An asset in a reply; `base` is the start of its URL. */
export async function viewAsset(
  context: ApiContext,
  { key, owner: _owner, namespace: _namespace, ...asset }: Asset,
  base: string,
): Promise<z.output<typeof assetReply>> {
  return { id: key, url: await objectUrl(context, key, base), ...asset };
}
