import type { RequestOptions } from 'node:https';
import type { Access, Credentials } from './credentials.ts';

/**
 * Credentials of the current context of a kubeconfig, in all of its forms: certificates, tokens, token files, exec plugins,
 * OIDC.
 *
 * @param path file, or undefined for kubectl's default: KUBECONFIG, then ~/.kube/config
 */
export async function kubeconfigCredentials(path?: string): Promise<Credentials> {
  // Loaded only here: it takes 90 MB of memory, and in a cluster it is not needed.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(
      `Expected ${path ?? 'the kubeconfig'} to have a current context, got "${config.getCurrentContext()}"; see kubectl config use-context`,
    );
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: namespace ?? 'default',
    load: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return accessOf(options);
    },
  };
}

function accessOf({ ca, cert, key, servername, rejectUnauthorized, headers, auth }: RequestOptions): Access {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {}))
    if (typeof value === 'string') sent[name.toLowerCase()] = value;
  if (typeof auth === 'string') sent['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return {
    tls: {
      ...pem('ca', ca),
      ...pem('cert', cert),
      ...pem('key', key),
      ...(servername === undefined ? {} : { servername }),
      verify: rejectUnauthorized !== false,
    },
    headers: sent,
  };
}

function pem<Name extends string>(
  name: Name,
  value: RequestOptions['ca'] | RequestOptions['key'],
): { [K in Name]?: string };
function pem(name: string, value: RequestOptions['ca'] | RequestOptions['key']): Record<string, string> {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value.toString() } : {};
}
