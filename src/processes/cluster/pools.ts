import type { Pool } from '../../adapters/kubernetes/pools/pool.ts';
import { readPoolsFile } from '../../adapters/kubernetes/pools/pools-file.ts';
import type { Config } from '../../config/load-config.ts';

/**
 * The pools of the file that the configuration names.
 *
 * @throws CodedError `INVALID_REQUEST` when it cannot be read or is not a list of pools
 */
export async function readPools({ poolsFile }: Config['cluster']): Promise<readonly Pool[]> {
  if (poolsFile === undefined) throw new Error('Expected a file of pools, but it is not set');
  return readPoolsFile(poolsFile);
}

/** Whether any pool gets its slots from the nodes, so that the process has to read Nodes. */
export function needsNodes(pools: readonly Pool[]): boolean {
  return pools.some(({ allocation }) => allocation.type === 'DevicePlugin');
}
