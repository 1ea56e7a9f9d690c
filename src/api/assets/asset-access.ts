import { CodedError } from '../../errors/coded-error.ts';
import type { Asset, AssetIndex } from '../../ports/asset-index.ts';
import type { Caller } from '../http/auth.ts';

/** The assets that a caller may see: a user its own, a team owner those of the namespace, an admin all. */
export function ownedBy(caller: Caller): { readonly owner?: string; readonly namespace?: string } {
  if (caller.role === 'admin') return {};
  if (caller.role === 'team-owner') return { namespace: caller.namespace };
  return { namespace: caller.namespace, owner: caller.owner };
}

export function noSuchFile(): CodedError {
  return new CodedError('NOT_FOUND', 'No such file.');
}

/** An asset that a caller may change. Rejects with `NOT_FOUND` outside its namespace, `FORBIDDEN` for another owner. */
export async function ownAsset(assets: Pick<AssetIndex, 'get'>, caller: Caller, id: string): Promise<Asset> {
  const asset = await assets.get(id);
  if (asset === undefined || (caller.role !== 'admin' && asset.namespace !== caller.namespace)) throw noSuchFile();
  if (caller.role === 'user' && asset.owner !== caller.owner) {
    throw new CodedError('FORBIDDEN', 'Not the owner of this resource.');
  }
  return asset;
}
