import type { Registry } from 'prom-client';
import type { Credentials } from '../../adapters/kubernetes/client/credentials.ts';
import { inClusterCredentials } from '../../adapters/kubernetes/client/in-cluster.ts';
import { kubeconfigCredentials } from '../../adapters/kubernetes/client/kubeconfig.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from '../../adapters/kubernetes/client/metrics.ts';
import { Transport, type TransportOptions } from '../../adapters/kubernetes/client/transport.ts';
import type { Config } from '../../config/load-config.ts';
import { CodedError } from '../../errors/coded-error.ts';
import { version } from '../../lib/version.ts';

/** The cluster that a process works on, and its role in it. */
export interface ClusterAccess {
  /** URL of the API server. */
  readonly server: string;
  /** Namespace of the pod or of the kubeconfig. */
  readonly ownNamespace: string;
  /** The Lease by which one operator leads. */
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly metrics: RuntimeMetrics;
  /** Connections of their own to the API server. */
  readonly openTransport: (options?: Pick<TransportOptions, 'mayWrite'>) => Transport;
}

/**
 * Reads the credentials and registers the metrics of the client. Sends nothing to the API server.
 *
 * @throws CodedError `INVALID_REQUEST` when there are no credentials, or they cannot be read
 */
export async function accessCluster(
  { cluster, lease }: Pick<Config, 'cluster' | 'lease'>,
  { component, registry }: { readonly component: string; readonly registry: Registry },
): Promise<ClusterAccess> {
  const credentials = await clusterCredentials(cluster);
  const { server, namespace } = credentials;
  const metrics = createRuntimeMetrics(registry, new URL(server).host);
  const options = { userAgent: `${component}/${version}`, onAnswer: metrics.answered };
  return {
    server,
    ownNamespace: namespace,
    lease: { namespace: lease.namespace ?? namespace, name: lease.name },
    metrics,
    openTransport: (more) => new Transport(credentials, { ...options, ...more }),
  };
}

/**
 * The credentials for an API server: the current context of the kubeconfig, or the ServiceAccount of the pod.
 *
 * @throws CodedError `INVALID_REQUEST` when there is neither, or it cannot be read
 */
export async function clusterCredentials(
  config: Pick<Config['cluster'], 'kubeconfig' | 'apiServerHost' | 'apiServerPort' | 'serviceAccountDir'>,
): Promise<Credentials> {
  const { kubeconfig, apiServerHost: host = '', apiServerPort, serviceAccountDir } = config;
  try {
    return kubeconfig === undefined
      ? await inClusterCredentials({ host, port: String(apiServerPort) }, serviceAccountDir)
      : await kubeconfigCredentials(kubeconfig);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = kubeconfig === undefined ? 'the credentials of this pod' : `a kubeconfig in ${kubeconfig}`;
    throw new CodedError('INVALID_REQUEST', `Expected ${what}, got: ${reason}`, {
      remedy: 'Name a kubeconfig that kubectl accepts (--kubeconfig), or run in a pod with a ServiceAccount.',
      cause: error,
    });
  }
}
