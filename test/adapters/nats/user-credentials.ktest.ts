import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createNkey } from '../../../src/adapters/nats/nkey.ts';
import { createProgressSender } from '../../../src/adapters/nats/progress-sender.ts';
import { accountSigner, progressCredentials } from '../../../src/adapters/nats/user-credentials.ts';
import { createNatsAccount } from '../../cluster/services/nats-accounts.ts';
import { type NatsServer, startNatsServer } from '../../cluster/services/nats-server.ts';
import { describeWithPrograms } from '../../support/cluster.ts';
import { busOn, fast, followingBus, type LoggedBus, progressMessage } from './bus-on-server.ts';

const patience = { timeout: 30_000, interval: 10 };

// A server whose users are JWTs signed by an account.
describeWithPrograms('nats', 'credentials for the progress of one attempt', (paths) => {
  const { account, signingKey, config, userCredentials } = createNatsAccount();
  let server: NatsServer;
  let folder: string;
  let reader: LoggedBus;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'framewright-creds-'));
    const credentialsFile = join(folder, 'api.creds');
    await writeFile(credentialsFile, userCredentials());
    server = await startNatsServer(paths['nats-server'] ?? '', { config });
    reader = await followingBus(server.url, { credentialsFile });
  });
  afterAll(async () => {
    await reader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const now = (): number => Date.now() / 1000;
  const senderWith = (credentials: string) => {
    const warnings: string[] = [];
    const log = { info: () => undefined, warn: (fields: object) => void warnings.push(JSON.stringify(fields)) };
    const sender = createProgressSender({ url: server.url, name: 'worker', log, credentials, timing: fast });
    return { sender, warnings };
  };

  it('are read from a file that may be created after the start of the process', async () => {
    const credentialsFile = join(folder, 'late.creds');
    await using late = await busOn(server.url, { credentialsFile });
    await vi.waitFor(() => expect(late.warnings).toContain('NATS credentials cannot be read'), patience);
    expect(late.bus.health().connected).toBe(false);
    await writeFile(credentialsFile, userCredentials());
    await vi.waitFor(() => expect(late.bus.health().following).toBe(true), patience);
  });

  it.each([
    ['the account', accountSigner(account.seed)],
    ['a signing key of the account', accountSigner(signingKey.seed, account.publicKey)],
  ])('signed by %s let a worker publish the progress of its own job and of no other', async (who, signer) => {
    const own = progressMessage(`own of ${who}`, 1);
    const other = progressMessage(`other of ${who}`, 1);
    const lifetime = { issuedAt: now(), expiresAt: now() + 600 };
    const { sender, warnings } = senderWith(progressCredentials(signer, own, lifetime));
    sender.send(other);
    sender.send({ ...own, attempt: 2 });
    await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining('Permissions Violation')]), patience);
    sender.send(own);
    await vi.waitFor(() => expect(reader.bus.latest(own.uid)).toEqual(own), patience);
    await sender.close();
    expect(reader.bus.latest(other.uid)).toBeUndefined();
    expect(warnings).toHaveLength(1);
  });

  it.each([
    [
      'that have expired',
      (uid: string) =>
        progressCredentials(accountSigner(account.seed), progressMessage(uid, 1), { issuedAt: 1, expiresAt: 2 }),
    ],
    [
      'of another account',
      (uid: string) =>
        progressCredentials(accountSigner(createNkey('account').seed), progressMessage(uid, 1), {
          issuedAt: now(),
          expiresAt: now() + 600,
        }),
    ],
  ])('%s are rejected', async (uid, make) => {
    const { sender, warnings } = senderWith(make(uid));
    sender.send(progressMessage(uid, 1));
    await vi.waitFor(
      () => expect(warnings).toEqual([expect.stringMatching(/authorization|authentication/i)]),
      patience,
    );
    await sender.close();
    expect(reader.bus.latest(uid)).toBeUndefined();
  });
});
