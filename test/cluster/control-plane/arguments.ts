import { join } from 'node:path';
import type { Credentials } from './credentials.ts';

/** The flags of each program; all others have Kubernetes' own defaults. */

export function etcdArguments(folder: string, port: number): string[] {
  const url = `http://127.0.0.1:${port}`;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    // One member: the peer port is not used.
    '--listen-peer-urls=http://127.0.0.1:0',
    // The data goes with the test.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiServerArguments(
  folder: string,
  { port, etcdPort, credentials }: { port: number; etcdPort: number; credentials: Credentials },
): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // It would publish its address, which fails once a minute for a loopback address.
    '--endpoint-reconciler-type=none',
    `--secure-port=${port}`,
    // It signs itself a certificate there.
    `--cert-dir=${join(folder, 'certificates')}`,
    `--token-auth-file=${credentials.tokenFile}`,
    '--authorization-mode=RBAC',
    // As on OpenShift: blocking the deletion of an owner needs permission to change its finalizers.
    '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.publicKey}`,
    `--service-account-signing-key-file=${credentials.signingKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
  ];
}

/** The file in which the API server leaves its certificate and that of the authority it made for it. */
export function certificateFile(folder: string): string {
  return join(folder, 'certificates', 'apiserver.crt');
}

export function controllerManagerArguments(
  folder: string,
  kubeconfig: string,
  { credentials, without }: { credentials: Credentials; without: readonly string[] },
): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    // Each controller with its own ServiceAccount and the RBAC rules that Kubernetes defines for it.
    '--use-service-account-credentials=true',
    // No port of its own.
    '--secure-port=0',
    `--root-ca-file=${certificateFile(folder)}`,
    `--service-account-private-key-file=${credentials.signingKey}`,
    `--controllers=${['*', ...without.map((name) => `-${name}`)].join(',')}`,
    // Quota and garbage collection follow new resource types within seconds instead of half a minute.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ];
}

export function schedulerArguments(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
}

/** kwok plays the kubelet for nodes with the annotation, as its stages say. */
export function kwokArguments(kubeconfig: string, stages: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    `--config=${stages}`,
    '--server-address=127.0.0.1:0',
  ];
}
