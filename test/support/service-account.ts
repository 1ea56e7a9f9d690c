import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';
import type { TestCluster } from './cluster.ts';

export const manifests = join(import.meta.dirname, '../../manifests/operator');

const Kubeconfig = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) })]),
});

type Run = TestCluster['run'];

/** What the kubelet gives to a pod of a ServiceAccount, as environment of a process. */
export async function inPodOf(
  run: Run,
  kubeconfig: string,
  { namespace = 'framewright', name, folder }: { namespace?: string; name: string; folder: string },
): Promise<Record<string, string>> {
  const { clusters } = Kubeconfig.parse(load(await readFile(kubeconfig, 'utf8')));
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  const { hostname, port } = new URL(server);
  const dir = join(folder, `${namespace}-${name}`);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'token'), await tokenOf(run, { namespace, name }));
  await writeFile(join(dir, 'ca.crt'), Buffer.from(ca, 'base64'));
  await writeFile(join(dir, 'namespace'), namespace);
  return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, FRAMEWRIGHT_SERVICE_ACCOUNT_DIR: dir };
}

/** A token of the ServiceAccount. */
export function tokenOf(run: Run, { namespace, name }: { namespace: string; name: string }): Promise<string> {
  return run(['create', 'token', name, '-n', namespace]);
}

/** A kubeconfig for a proxy without TLS. */
export function plainKubeconfig(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'user' } }],
    'current-context': 'proxy',
  });
}
