import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Who talks to the API server, and its groups. */
const users = {
  admin: ['system:masters'],
  'system:kube-controller-manager': [],
  'system:kube-scheduler': [],
} as const satisfies Record<string, readonly string[]>;
export type UserName = keyof typeof users;

export interface Credentials {
  /** For --token-auth-file. */
  readonly tokenFile: string;
  readonly tokens: Readonly<Record<UserName, string>>;
  /** Signs tokens of ServiceAccounts. */
  readonly signingKey: string;
  readonly publicKey: string;
}

/** Secrets of one control plane, as files that only this user can read. */
export async function makeCredentials(folder: string): Promise<Credentials> {
  const token = (): string => randomBytes(24).toString('base64url');
  const tokens = { admin: token(), 'system:kube-controller-manager': token(), 'system:kube-scheduler': token() };
  const names = ['admin', 'system:kube-controller-manager', 'system:kube-scheduler'] as const;
  const lines = names.map((name) => `${tokens[name]},${name},${name},"${users[name].join(',')}"`);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return {
    tokens,
    tokenFile: await secretFile(join(folder, 'tokens.csv'), `${lines.join('\n')}\n`),
    signingKey: await secretFile(join(folder, 'service-account.key'), privateKey),
    publicKey: await secretFile(join(folder, 'service-account.pub'), publicKey),
  };
}

export interface KubeconfigUser {
  readonly token?: string;
}

/** Writes a kubeconfig, in JSON, which is YAML. */
export function writeKubeconfig(
  path: string,
  cluster: { readonly server: string; readonly ca: string },
  user: KubeconfigUser,
): Promise<string> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: cluster.server, 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') },
      },
    ],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user', namespace: 'default' } }],
    'current-context': 'test',
  };
  return secretFile(path, `${JSON.stringify(config, undefined, 2)}\n`);
}

async function secretFile(path: string, text: string): Promise<string> {
  await writeFile(path, text, { mode: 0o600 });
  return path;
}
