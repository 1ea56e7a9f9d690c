/** One thing that a process does with one kind of object. */
export interface Right {
  readonly group: string;
  /** With the subresource, as in `renderjobs/status`. */
  readonly resource: string;
  readonly verb: string;
  /**
   * `cluster` for what belongs to no namespace, `lease` for the namespace of the Lease, `keys` for that of API keys, `jobs`
   * for where RenderJobs are.
   */
  readonly where: 'jobs' | 'lease' | 'keys' | 'cluster';
}

type Rule = readonly [group: string, resource: string, where: Right['where'], ...verbs: string[]];

// manifests/operator/rbac.yaml grants these and nothing else; a test compares the two, another one what is used.
const rules: readonly Rule[] = [
  // list: where the API server knows no WatchList.
  ['framewright.dev', 'renderjobs', 'jobs', 'get', 'list', 'watch', 'patch', 'delete'],
  ['framewright.dev', 'renderjobs/status', 'jobs', 'update'],
  // For blockOwnerDeletion where admission checks it (OwnerReferencesPermissionEnforcement, as on OpenShift).
  ['framewright.dev', 'renderjobs/finalizers', 'jobs', 'update'],
  ['batch', 'jobs', 'jobs', 'get', 'list', 'watch', 'create', 'patch', 'delete'],
  ['', 'pods', 'jobs', 'list', 'watch', 'delete'],
  ['events.k8s.io', 'events', 'jobs', 'create', 'patch'],
  // Why a Job gets no pod: only its events say that.
  ['', 'events', 'jobs', 'list'],
  ['', 'nodes', 'cluster', 'list', 'watch'],
  ['coordination.k8s.io', 'leases', 'lease', 'get', 'create', 'update'],
];

// The same of manifests/operator/rbac-api.yaml. Statuses are the operator's to write, and keys are made by people.
const apiRules: readonly Rule[] = [
  ['framewright.dev', 'renderjobs', 'jobs', 'get', 'list', 'watch', 'create', 'patch', 'delete'],
  ['batch', 'jobs', 'jobs', 'list'],
  ['', 'pods', 'jobs', 'list'],
  ['', 'pods/log', 'jobs', 'get'],
  ['', 'nodes', 'cluster', 'list'],
  ['coordination.k8s.io', 'leases', 'lease', 'get'],
  ['', 'secrets', 'keys', 'list', 'watch'],
];

/** What the operator does in a cluster. Without pools of a device plugin it looks at no nodes. */
export function operatorRbacRules(options: { readonly nodes?: boolean } = {}): readonly Right[] {
  return rightsOf(rules, options);
}

/** What the API does in a cluster. Without pools of a device plugin it looks at no nodes. */
export function apiRbacRules(options: { readonly nodes?: boolean } = {}): readonly Right[] {
  return rightsOf(apiRules, options);
}

function rightsOf(table: readonly Rule[], { nodes = true }: { readonly nodes?: boolean }): readonly Right[] {
  return table
    .filter(([, resource]) => nodes || resource !== 'nodes')
    .flatMap(([group, resource, where, ...verbs]) => verbs.map((verb) => ({ group, resource, where, verb })));
}

/** As people say it: `watch jobs.batch`. */
export function rightText({ group, resource, verb }: Right): string {
  return `${verb} ${group === '' ? resource : `${resource}.${group}`}`;
}
