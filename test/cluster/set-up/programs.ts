import { join } from 'node:path';

/** A Go module of pinned versions (its go.mod and go.sum) and the programs that are built from it. */
export interface ProgramModule {
  readonly name: string;
  /** Program name to the package that it is built from. */
  readonly programs: Readonly<Record<string, string>>;
  /** A module whose version its programs report, and the variables that hold it. */
  readonly stamp?: { readonly module: string; readonly variables: readonly string[] };
}

/** Each has replacements or versions of its own, so they cannot share one go.mod. */
export const programModules: readonly ProgramModule[] = [
  {
    name: 'kubernetes',
    programs: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    },
    // Without it the API server reports 0.0.0 and clients that compare versions reject it.
    stamp: {
      module: 'k8s.io/kubernetes',
      variables: ['k8s.io/component-base/version.gitVersion', 'k8s.io/client-go/pkg/version.gitVersion'],
    },
  },
  { name: 'etcd', programs: { etcd: 'go.etcd.io/etcd/server/v3' } },
  { name: 'kwok', programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' } },
  { name: 'nats', programs: { 'nats-server': 'github.com/nats-io/nats-server/v2' } },
  { name: 'versitygw', programs: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' } },
  // For a benchmark only, which compares the operator with it.
  { name: 'jobset', programs: { jobset: 'sigs.k8s.io/jobset' } },
];

/**
 * How long the first build of a module takes on two cores, for the message at its start. Not a member of `ProgramModule`,
 * which is a part of the cache's key.
 */
export const buildMinutes: Readonly<Record<string, number>> = {
  kubernetes: 6,
  etcd: 1,
  kwok: 1,
  nats: 1,
  versitygw: 1,
  jobset: 2,
};

/** What the tests start; a kit is complete or absent. */
export const kits = {
  cluster: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'kubectl'],
  nats: ['nats-server'],
  s3: ['versitygw'],
  jobset: ['jobset'],
} as const satisfies Record<string, readonly string[]>;

export type Kit = keyof typeof kits;

/** Where a module's go.mod and go.sum are. */
export function moduleFolder(name: string): string {
  return join(import.meta.dirname, '..', 'programs', name);
}
