import { join } from 'node:path';

/** A Go module of pinned versions (its go.mod and go.sum) and the programs that are built from it. */
export interface ProgramModule {
  readonly name: string;
  /** Program name to the package that it is built from. */
  readonly programs: Readonly<Record<string, string>>;
  /** A module whose version its programs are to tell, and the variables that hold it. */
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
    // Without it the API server says 0.0.0 and clients that compare versions refuse it.
    stamp: {
      module: 'k8s.io/kubernetes',
      variables: ['k8s.io/component-base/version.gitVersion', 'k8s.io/client-go/pkg/version.gitVersion'],
    },
  },
  { name: 'etcd', programs: { etcd: 'go.etcd.io/etcd/server/v3' } },
  { name: 'kwok', programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' } },
  { name: 'nats', programs: { 'nats-server': 'github.com/nats-io/nats-server/v2' } },
  { name: 'versitygw', programs: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' } },
  // Only a benchmark asks for it: what the operator is compared with.
  { name: 'jobset', programs: { jobset: 'sigs.k8s.io/jobset' } },
];

/** What the tests start; each is there as a whole or not at all. */
export const kits = {
  cluster: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'kubectl'],
  nats: ['nats-server'],
  s3: ['versitygw'],
  jobset: ['jobset'],
} as const satisfies Record<string, readonly string[]>;

export type Kit = keyof typeof kits;
export type ProgramName = (typeof kits)[Kit][number];

/** Where a module's go.mod and go.sum are. */
export function moduleFolder(name: string): string {
  return join(import.meta.dirname, '..', 'programs', name);
}
