import type { SeenCall } from './fault-proxy.ts';

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** The RBAC rules that these calls need, as `ruleText` writes them. */
export function usedRules(calls: readonly SeenCall[]): Set<string> {
  return new Set(calls.flatMap((call) => ruleOf(call) ?? []));
}

function ruleOf({ method, path, query }: SeenCall): string | undefined {
  const core = /^\/api\/v1\/(.+)$/.exec(path);
  const group = /^\/apis\/([^/]+)\/[^/]+\/(.+)$/.exec(path);
  const [, name = '', rest = ''] = core === null ? (group ?? []) : ['', '', core[1]];
  // Discovery, versions and reviews of one's own rules are allowed to every account.
  if (rest === '' || name === 'authorization.k8s.io') return undefined;
  const inNamespace = /^namespaces\/[^/]+\/(.+)$/.exec(rest);
  const [resource = '', object, subresource] = (inNamespace?.[1] ?? rest).split('/');
  const kind = subresource === undefined ? resource : `${resource}/${subresource}`;
  const verb = method !== 'GET' ? verbs[method] : query.has('watch') ? 'watch' : object === undefined ? 'list' : 'get';
  return `${verb} ${name === '' ? kind : `${kind}.${name}`}`;
}
