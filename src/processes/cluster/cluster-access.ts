import type { Credentials } from '../../adapters/kubernetes/client/credentials.ts';
import { inClusterCredentials } from '../../adapters/kubernetes/client/in-cluster.ts';
import { kubeconfigCredentials } from '../../adapters/kubernetes/client/kubeconfig.ts';
import type { Config } from '../../config/load-config.ts';
import { CodedError } from '../../errors/coded-error.ts';

export type ClusterAddress = Pick<Config, 'kubeconfig' | 'apiServerHost' | 'apiServerPort' | 'serviceAccountDir'>;

/**
 * Who we are to which API server: the current context of the kubeconfig, or the ServiceAccount of the pod.
 *
 * @throws CodedError `INVALID_REQUEST` when there is neither, or it cannot be read
 */
export async function clusterCredentials(config: ClusterAddress): Promise<Credentials> {
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
