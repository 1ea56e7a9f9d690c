import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from './credentials.ts';

/** Where the kubelet mounts the token of a pod's ServiceAccount. */
const defaultFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Credentials of the pod in which this process runs.
 *
 * @param address host and port of the API server, from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT
 * @throws Error with a remedy when no ServiceAccount token is mounted
 */
export async function inClusterCredentials(
  { host, port }: { readonly host: string; readonly port: string },
  folder: string = defaultFolder,
): Promise<Credentials> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const namespace = await read('namespace').catch((error: unknown) => {
    throw new Error(
      `Expected the token of a ServiceAccount in ${folder}, but none is mounted: set automountServiceAccountToken, or pass a kubeconfig`,
      { cause: error },
    );
  });
  return {
    // An IPv6 address needs brackets.
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim(),
    load: async () => {
      const [token, ca] = await Promise.all([read('token'), read('ca.crt')]);
      return { tls: { ca, verify: true }, headers: { authorization: `Bearer ${token.trim()}` } };
    },
  };
}
