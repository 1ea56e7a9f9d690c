import type { SeenCall } from './fault-proxy.ts';

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** What the authoriser of an API server is asked about these calls, as `rightText` says it. */
export function usedRights(calls: readonly SeenCall[]): Set<string> {
  return new Set(calls.flatMap((call) => rightOf(call) ?? []));
}

function rightOf({ method, path, query }: SeenCall): string | undefined {
  const core = /^\/api\/v1\/(.+)$/.exec(path);
  const group = /^\/apis\/([^/]+)\/[^/]+\/(.+)$/.exec(path);
  const [, name = '', rest = ''] = core === null ? (group ?? []) : ['', '', core[1]];
  // Discovery, versions and reviews of one's own rights are open to everyone.
  if (rest === '' || name === 'authorization.k8s.io') return undefined;
  const inNamespace = /^namespaces\/[^/]+\/(.+)$/.exec(rest);
  const [resource = '', object, subresource] = (inNamespace?.[1] ?? rest).split('/');
  const kind = subresource === undefined ? resource : `${resource}/${subresource}`;
  const verb = method !== 'GET' ? verbs[method] : query.has('watch') ? 'watch' : object === undefined ? 'list' : 'get';
  return `${verb} ${name === '' ? kind : `${kind}.${name}`}`;
}
