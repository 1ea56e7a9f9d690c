/** One verb on one kind of object, as a Kubernetes role grants it. */
export interface RbacRule {
  readonly group: string;
  /** With the subresource, as in `renderjobs/status`. */
  readonly resource: string;
  readonly verb: string;
  /**
   * `cluster` for what belongs to no namespace, `lease` for the namespace of the Lease, `keys` for that of API keys, `jobs`
   * for that of RenderJobs.
   */
  readonly scope: 'jobs' | 'lease' | 'keys' | 'cluster';
}

type Row = readonly [group: string, resource: string, scope: RbacRule['scope'], ...verbs: string[]];

// manifests/operator/rbac.yaml grants exactly these; a test compares the two, another one compares them with actual use.
const operatorRows: readonly Row[] = [
  // list: for API servers without WatchList.
  ['framewright.dev', 'renderjobs', 'jobs', 'get', 'list', 'watch', 'patch', 'delete'],
  ['framewright.dev', 'renderjobs/status', 'jobs', 'update'],
  // For blockOwnerDeletion where admission checks it (OwnerReferencesPermissionEnforcement, as on OpenShift).
  ['framewright.dev', 'renderjobs/finalizers', 'jobs', 'update'],
  ['batch', 'jobs', 'jobs', 'get', 'list', 'watch', 'create', 'patch', 'delete'],
  ['', 'pods', 'jobs', 'list', 'watch', 'delete'],
  ['events.k8s.io', 'events', 'jobs', 'create', 'patch'],
  // Only its events say why a Job gets no pod.
  ['', 'events', 'jobs', 'list'],
  ['', 'nodes', 'cluster', 'list', 'watch'],
  ['coordination.k8s.io', 'leases', 'lease', 'get', 'create', 'update'],
];

// The same for manifests/operator/rbac-api.yaml. Only the operator writes statuses, and only administrators create keys.
const apiRows: readonly Row[] = [
  ['framewright.dev', 'renderjobs', 'jobs', 'get', 'list', 'watch', 'create', 'patch', 'delete'],
  ['batch', 'jobs', 'jobs', 'list'],
  ['', 'pods', 'jobs', 'list'],
  ['', 'pods/log', 'jobs', 'get'],
  ['', 'nodes', 'cluster', 'list'],
  ['coordination.k8s.io', 'leases', 'lease', 'get'],
  ['', 'secrets', 'keys', 'list', 'watch'],
];

/** What the operator does in a cluster. Without pools of a device plugin it reads no nodes. */
export function operatorRbacRules(options: { readonly nodes?: boolean } = {}): readonly RbacRule[] {
  return rulesOf(operatorRows, options);
}

/** What the API does in a cluster. Without pools of a device plugin it reads no nodes. */
export function apiRbacRules(options: { readonly nodes?: boolean } = {}): readonly RbacRule[] {
  return rulesOf(apiRows, options);
}

function rulesOf(rows: readonly Row[], { nodes = true }: { readonly nodes?: boolean }): readonly RbacRule[] {
  return rows
    .filter(([, resource]) => nodes || resource !== 'nodes')
    .flatMap(([group, resource, scope, ...verbs]) => verbs.map((verb) => ({ group, resource, scope, verb })));
}

/** As kubectl names it: `watch jobs.batch`. */
export function ruleText({ group, resource, verb }: Pick<RbacRule, 'group' | 'resource' | 'verb'>): string {
  return `${verb} ${group === '' ? resource : `${resource}.${group}`}`;
}
