import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { dataLayout } from '../../adapters/sqlite/data-directory.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { KeyStore } from '../../ports/key-store.ts';
import type { CommandContext } from '../args/command-context.ts';
import type { Arguments } from '../args/command-line.ts';
import { UsageError } from '../output/cli-error.ts';

export interface OpenedKeys extends AsyncDisposable {
  readonly store: KeyStore;
  /** Where a cluster keeps them, for messages. */
  readonly location?: string;
}

/** The keys of a cluster when a kubeconfig is named and no data folder is, else those of the data folder. */
export function openKeys(args: Arguments, environment: CommandContext['environment']): Promise<OpenedKeys> {
  const data = args.one('data');
  const kubeconfig = args.one('kubeconfig');
  if (data !== undefined && kubeconfig !== undefined) {
    throw new UsageError('expected either --data or --kubeconfig, got both', {
      remedy: 'name the data folder of a server on this machine, or the kubeconfig of a cluster',
    });
  }
  const set = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const cluster = kubeconfig ?? (data === undefined ? set('FRAMEWRIGHT_KUBECONFIG') : undefined);
  const namespace = args.one('keys-namespace') ?? set('FRAMEWRIGHT_KEYS_NAMESPACE');
  if (cluster !== undefined) return clusterKeys(resolve(cluster), namespace);
  if (args.one('keys-namespace') !== undefined) {
    throw new UsageError('expected --kubeconfig beside --keys-namespace');
  }
  return folderKeys(data, set('FRAMEWRIGHT_DATA_DIR'));
}

/** API keys as Secrets; the Kubernetes client is loaded here only. */
async function clusterKeys(kubeconfig: string, namespace: string | undefined): Promise<OpenedKeys> {
  const { clusterCredentials } = await import('../../processes/cluster/cluster-access.ts');
  const { Transport } = await import('../../adapters/kubernetes/client/transport.ts');
  const { SecretKeyStore } = await import('../../adapters/kubernetes/keys/secret-key-store.ts');
  const { version } = await import('../../lib/version.ts');
  const credentials = await clusterCredentials({
    kubeconfig,
    apiServerHost: undefined,
    apiServerPort: 443,
    serviceAccountDir: '',
  });
  const transport = new Transport(credentials, { userAgent: `framewright-cli/${version}` });
  const where = namespace ?? credentials.namespace;
  return {
    store: new SecretKeyStore(transport, where),
    location: `the namespace ${where}`,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

async function folderKeys(data: string | undefined, variable: string | undefined): Promise<OpenedKeys> {
  const { dataDir } = loadConfig({ data }, { FRAMEWRIGHT_DATA_DIR: variable }).standalone;
  const { database: path } = dataLayout(dataDir);
  // Opening would create a database that no server uses.
  if (!existsSync(path)) {
    throw new UsageError(`expected the data folder of a server at ${dataDir}, found no database there`, {
      remedy:
        'name the folder that the server was started with (--data DIR, or FRAMEWRIGHT_DATA_DIR), or a cluster (--kubeconfig FILE)',
    });
  }
  const { Database } = await import('../../adapters/sqlite/database.ts');
  const { SqliteKeyStore } = await import('../../adapters/sqlite/sqlite-key-store.ts');
  const database = Database.open(path);
  return { store: new SqliteKeyStore(database), [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}
