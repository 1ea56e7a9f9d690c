import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CachedCredentials } from '../../../../src/adapters/kubernetes/client/credentials.ts';
import { inClusterCredentials } from '../../../../src/adapters/kubernetes/client/in-cluster.ts';
import { kubeconfigCredentials } from '../../../../src/adapters/kubernetes/client/kubeconfig.ts';

describe('credentials', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'framewright-credentials-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

  describe('of a pod', () => {
    const address = { host: '10.0.0.1', port: '443' };
    beforeEach(async () => {
      await write('namespace', 'renders\n');
      await write('token', 'one\n');
      await write('ca.crt', 'PEM');
    });

    it('are the files of its ServiceAccount', async () => {
      const credentials = await inClusterCredentials(address, folder);
      expect(credentials).toMatchObject({ server: 'https://10.0.0.1:443', namespace: 'renders' });
      expect(await credentials.load()).toEqual({
        tls: { ca: 'PEM', verify: true },
        headers: { authorization: 'Bearer one' },
      });
    });

    it('support an IPv6 address', async () => {
      const credentials = await inClusterCredentials({ host: 'fd00::1', port: '443' }, folder);
      expect(credentials.server).toBe('https://[fd00::1]:443');
    });

    it('have an error with a remedy when they are missing', async () => {
      await expect(inClusterCredentials(address, join(folder, 'none'))).rejects.toThrow(/automountServiceAccountToken/);
    });

    it('are read again a minute later: tokens rotate', async () => {
      let now = 0;
      const cached = new CachedCredentials(await inClusterCredentials(address, folder), () => now);
      const token = async (fresh = false): Promise<string | undefined> =>
        (await cached.get({ fresh })).headers['authorization'];
      expect(await token()).toBe('Bearer one');
      await write('token', 'two');
      now = 59_000;
      expect(await token()).toBe('Bearer one');
      now = 61_000;
      expect(await token()).toBe('Bearer two');
      await write('token', 'three');
      expect(await token(true)).toBe('Bearer three');
    });

    it('stay in use while their file is being replaced', async () => {
      let now = 0;
      const cached = new CachedCredentials(await inClusterCredentials(address, folder), () => now);
      await cached.get();
      await rm(join(folder, 'token'));
      now = 61_000;
      await expect(cached.get()).rejects.toThrow('ENOENT');
      expect((await cached.get()).headers).toEqual({ authorization: 'Bearer one' });
    });
  });

  describe('of a kubeconfig', () => {
    const config = (user: object, cluster: object = {}): string =>
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: 'https://example.test:6443/', ...cluster } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'renders' } }],
        'current-context': 'x',
      });
    const load = async (text: string) => {
      await write('config', text);
      const credentials = await kubeconfigCredentials(join(folder, 'config'));
      return { credentials, access: await credentials.load() };
    };

    it('may be a token', async () => {
      const { credentials, access } = await load(config({ token: 'secret' }));
      expect(credentials).toMatchObject({ server: 'https://example.test:6443', namespace: 'renders' });
      expect(access).toEqual({ tls: { verify: true }, headers: { authorization: 'Bearer secret' } });
    });

    it('may be certificates, in the file or in other files', async () => {
      await mkdir(join(folder, 'pki'));
      await write('pki/key.pem', 'KEY');
      const data = Buffer.from('CERT').toString('base64');
      const user = { 'client-certificate-data': data, 'client-key': join(folder, 'pki/key.pem') };
      const { access } = await load(config(user, { 'insecure-skip-tls-verify': true, 'tls-server-name': 'api' }));
      expect(access.tls).toEqual({ cert: 'CERT', key: 'KEY', servername: 'api', verify: false });
    });

    it('may come from a program', async () => {
      await write('plugin', '#!/bin/sh\necho \'{"kind":"ExecCredential","status":{"token":"made"}}\'\n');
      const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: [join(folder, 'plugin')] };
      const { access } = await load(config({ exec }));
      expect(access.headers).toEqual({ authorization: 'Bearer made' });
    });

    it('need a current context', async () => {
      await write('config', '{"clusters":[],"users":[],"contexts":[]}');
      await expect(kubeconfigCredentials(join(folder, 'config'))).rejects.toThrow(/to have a current context/);
    });
  });
});
