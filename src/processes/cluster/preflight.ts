import { ApiError, hasStatus, statuses } from '../../adapters/kubernetes/client/api-error.ts';
import type { Transport } from '../../adapters/kubernetes/client/transport.ts';
import { CodedError } from '../../errors/coded-error.ts';
import { isRecord } from '../../lib/json.ts';
import { apiVersion } from '../../model/job/render-job.ts';
import { type RbacRule, ruleText } from './rbac-rules.ts';

export interface Preflight {
  /** URL of the API server, for messages. */
  readonly server: string;
  readonly rules: readonly RbacRule[];
  /** Of the RenderJobs; all namespaces when undefined. */
  readonly namespace: string | undefined;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Of the API keys, for processes that read them. */
  readonly keysNamespace?: string;
  /** The file that grants the rules, for messages. */
  readonly manifest: string;
}

/** An API server that does not answer within this time is unavailable. */
const timeoutMs = 10_000;

/**
 * Checks that a process has what it needs of a cluster, before it does anything: an API server that answers, the
 * CustomResourceDefinition, and every RBAC rule. Without this check a missing rule is a watch that keeps failing, visible
 * only in the log.
 *
 * @throws CodedError with what was expected, what was got and what to do
 */
export async function checkCluster(transport: Transport, preflight: Preflight): Promise<void> {
  await checkServer(transport, preflight);
  await checkDefinitions(transport);
  await checkRules(transport, preflight);
}

async function checkServer(transport: Transport, { server }: Preflight): Promise<void> {
  try {
    await transport.request({ path: '/version', timeoutMs });
  } catch (error) {
    if (hasStatus(error, 401)) {
      throw new CodedError('UNAUTHORIZED', `Expected ${server} to accept the credentials, got: 401 Unauthorized`, {
        remedy: 'Renew the token or the certificate of the kubeconfig or of the ServiceAccount.',
        cause: error,
      });
    }
    // A server that answers with 403 or 404 is reachable, which is all that is checked here.
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
  throw new CodedError('NOT_FOUND', `Expected the cluster to serve renderjobs of ${apiVersion}, but it does not`, {
    remedy: 'Install the definitions: `framewright crd | kubectl apply --server-side -f -`.',
  });
}

async function checkRules(transport: Transport, preflight: Preflight): Promise<void> {
  const { rules, namespace, lease, keysNamespace, manifest } = preflight;
  const scopes = { jobs: namespace, lease: lease.namespace, keys: keysNamespace, cluster: undefined };
  const missing = await Promise.all(
    rules.map(async (rule) => {
      const scope = scopes[rule.scope];
      // RBAC cannot restrict create to a name.
      const name = rule.scope === 'lease' && rule.verb !== 'create' ? lease.name : undefined;
      const granted = await isGranted(transport, rule, { namespace: scope, name });
      return granted ? [] : [`${ruleText(rule)} ${scope === undefined ? 'in the whole cluster' : `in ${scope}`}`];
    }),
  );
  const lines = missing.flat();
  if (lines.length === 0) return;
  throw new CodedError('FORBIDDEN', `Expected to be granted every RBAC rule, these are missing: ${lines.join(', ')}`, {
    remedy: `Grant them: \`kubectl apply -f ${manifest}\`.`,
  });
}

async function isGranted(
  transport: Transport,
  { group, resource: path, verb }: RbacRule,
  target: { readonly namespace: string | undefined; readonly name: string | undefined },
): Promise<boolean> {
  const [resource, subresource] = path.split('/');
  const answer = await transport.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    timeoutMs,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { group, resource, subresource, verb, ...target } },
    },
  });
  const status = isRecord(answer) && isRecord(answer['status']) ? answer['status'] : {};
  return status['allowed'] === true;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
