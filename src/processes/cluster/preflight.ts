import { ApiError, hasStatus, statuses } from '../../adapters/kubernetes/client/api-error.ts';
import type { Transport } from '../../adapters/kubernetes/client/transport.ts';
import { CodedError } from '../../errors/coded-error.ts';
import { isRecord } from '../../lib/json.ts';
import { apiVersion } from '../../model/job/render-job.ts';
import { type Right, rightText } from './rbac-rules.ts';

export interface Preflight {
  /** Of the API server, for messages. */
  readonly server: string;
  readonly rights: readonly Right[];
  /** Where RenderJobs are; all namespaces when absent. */
  readonly namespace: string | undefined;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Where API keys are, for those who read them. */
  readonly keysNamespace?: string;
  /** What grants the rights, for messages. */
  readonly manifest: string;
}

/** An API server that does not answer for this long is away. */
const timeoutMs = 10_000;

/**
 * Looks whether a process has what it needs of a cluster, before it does anything: an API server that answers, our
 * definitions, and every right. Without this a missing right is a watch that fails for ever, in the middle of a log.
 *
 * @throws CodedError with what was expected, what was got and what to do
 */
export async function checkCluster(transport: Transport, preflight: Preflight): Promise<void> {
  await checkServer(transport, preflight);
  await checkDefinitions(transport);
  await checkRights(transport, preflight);
}

async function checkServer(transport: Transport, { server }: Preflight): Promise<void> {
  try {
    await transport.request({ path: '/version', timeoutMs });
  } catch (error) {
    if (hasStatus(error, 401)) {
      throw new CodedError(
        'UNAUTHORIZED',
        `Expected ${server} to accept the credentials, but it knows nobody by them`,
        {
          remedy: 'Renew the token or the certificate of the kubeconfig or of the ServiceAccount.',
          cause: error,
        },
      );
    }
    // Whoever may not even see the version is let in all the same.
    if (error instanceof ApiError && error.status < 500) return;
    throw new CodedError(
      'SERVICE_UNAVAILABLE',
      `Expected a Kubernetes API server at ${server}, got: ${reasonOf(error)}`,
      {
        remedy:
          'Check the address, the network and the certificates: `kubectl get --raw /version` must work from here.',
        cause: error,
      },
    );
  }
}

async function checkDefinitions(transport: Transport): Promise<void> {
  const found = await transport.request({ path: `/apis/${apiVersion}`, timeoutMs }).catch((error: unknown) => {
    if (hasStatus(error, statuses.notFound)) return undefined;
    throw error;
  });
  const resources = isRecord(found) && Array.isArray(found['resources']) ? found['resources'].filter(isRecord) : [];
  const names = new Set(resources.map(({ name }) => name));
  if (names.has('renderjobs') && names.has('renderjobs/status')) return;
  throw new CodedError('NOT_FOUND', `Expected the cluster to serve renderjobs of ${apiVersion}, got none`, {
    remedy: 'Install the definitions: `framewright crd | kubectl apply --server-side -f -`.',
  });
}

async function checkRights(transport: Transport, preflight: Preflight): Promise<void> {
  const { rights, namespace, lease, keysNamespace, manifest } = preflight;
  const scopes = { jobs: namespace, lease: lease.namespace, keys: keysNamespace, cluster: undefined };
  const missing = await Promise.all(
    rights.map(async (right) => {
      const scope = scopes[right.where];
      // The right to make a lease cannot be bound to a name.
      const name = right.where === 'lease' && right.verb !== 'create' ? lease.name : undefined;
      const granted = await isGranted(transport, right, { namespace: scope, name });
      return granted ? [] : [`${rightText(right)} ${scope === undefined ? 'in the whole cluster' : `in ${scope}`}`];
    }),
  );
  const lines = missing.flat();
  if (lines.length === 0) return;
  throw new CodedError('FORBIDDEN', `Expected every right that is needed, but may not ${lines.join(', ')}`, {
    remedy: `Grant them: \`kubectl apply -f ${manifest}\`.`,
  });
}

async function isGranted(
  transport: Transport,
  right: Right,
  place: { readonly namespace: string | undefined; readonly name: string | undefined },
): Promise<boolean> {
  const [resource, subresource] = right.resource.split('/');
  const answer = await transport.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    timeoutMs,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { group: right.group, resource, subresource, verb: right.verb, ...place } },
    },
  });
  const status = isRecord(answer) && isRecord(answer['status']) ? answer['status'] : {};
  return status['allowed'] === true;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
