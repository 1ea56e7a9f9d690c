import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../scripts/bootstrap/find-program.mjs';
import { eventually } from '../support/eventually.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import type { Programs } from './set-up/set-up.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** What a suite needs to know of the cluster it runs against; plain data, so that it crosses into test workers. */
export interface ClusterAccess {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** Whether the cluster is our own control plane, whose pods kwok plays on nodes annotated for it. */
  readonly own: boolean;
}

export type ClusterOrReason =
  | { readonly access: ClusterAccess; readonly absent?: never }
  | { readonly absent: string; readonly failing?: boolean };

/**
 * The cluster that a run of the tests shares: the one that `KUBECONFIG_E2E` names, or a control plane of our own. Our
 * CustomResourceDefinitions are applied to it.
 */
export async function openCluster(
  programs: Programs,
): Promise<{ readonly cluster: ClusterOrReason; readonly plane?: ControlPlane }> {
  const given = process.env['KUBECONFIG_E2E'];
  if (given !== undefined && given !== '') {
    const kubectl = programs.absent === undefined ? programs.paths['kubectl'] : findProgram('kubectl');
    if (kubectl === undefined) return { cluster: { absent: 'kubectl not found on PATH' } };
    const access = { kubeconfig: given, kubectl, own: false };
    await applyDefinitions(access);
    return { cluster: { access } };
  }
  if (programs.absent !== undefined) return { cluster: { absent: programs.absent } };
  const plane = await startControlPlane(programs.paths);
  try {
    const access = { kubeconfig: plane.kubeconfig, kubectl: programs.paths['kubectl'] ?? 'kubectl', own: true };
    await applyDefinitions(access);
    return { cluster: { access }, plane };
  } catch (error) {
    await plane[Symbol.asyncDispose]();
    throw error;
  }
}

/** Applies our CustomResourceDefinitions and waits until they are served. */
export async function applyDefinitions(access: ClusterAccess): Promise<void> {
  const files = ['-f', join(root, 'crds')];
  await kubectl(access, ['apply', '--server-side', '--force-conflicts', ...files]);
  const established = ['wait', '--for=condition=Established', '--timeout=10s', ...files];
  // It fails immediately on a definition that has no condition at all yet.
  await eventually(() => kubectl(access, established), { withinMs: 60_000, everyMs: 100 });
}

/** An object that a RenderJob owns; neither needs to exist. */
const owned = JSON.stringify({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'owned',
    ownerReferences: [
      { apiVersion: 'framewright.dev/v1alpha1', kind: 'RenderJob', name: 'owner', uid: '1', blockOwnerDeletion: true },
    ],
  },
});

/**
 * Waits until the API server accepts RenderJobs as owners. Its admission reads new kinds every half minute and answers 403
 * until then; it does not check administrators, so another user has to try.
 */
export async function untilRenderJobsMayOwn(access: ClusterAccess): Promise<void> {
  const user = 'framewright-owner-check';
  const binding = [
    'create',
    'rolebinding',
    user,
    `--user=${user}`,
    '--clusterrole=edit',
    '--dry-run=client',
    '-o',
    'yaml',
  ];
  await kubectl(access, ['apply', '-f', '-'], await kubectl(access, binding));
  const dryRun = ['create', '--dry-run=server', `--as=${user}`, '-f', '-'];
  const rejection = (): Promise<string> =>
    kubectl(access, dryRun, owned).then(
      () => '',
      (error: unknown) => String(error),
    );
  const accepted = async (): Promise<void> => {
    const message = await rejection();
    if (/RESTMapping|configmaps is forbidden/.test(message)) throw new Error(message);
  };
  await eventually(accepted, { withinMs: 60_000, everyMs: 250 });
}

/** Runs kubectl to its end. Resolves with its standard output; rejects with its error output when it fails. */
export async function kubectl(
  { kubeconfig, kubectl: path }: ClusterAccess,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const running = execute(path, [`--kubeconfig=${kubeconfig}`, ...args], { maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.on('error', () => undefined);
  running.child.stdin?.end(input ?? '');
  return (await running).stdout;
}
