import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createNkey } from '../../src/nats/nkey.ts';
import { createProgressSender } from '../../src/nats/progress-sender.ts';
import { accountSigner, credsText, progressCredentials, signJwt } from '../../src/nats/user-credentials.ts';
import { type NatsServer, startNatsServer } from '../cluster/services/nats-server.ts';
import { describeWithPrograms } from '../support/cluster.ts';
import { busOn, fast, type LoggedBus, news } from './bus-on-server.ts';

const patience = { timeout: 30_000, interval: 10 };
const account = createNkey('account');
const signingKey = createNkey('account');

// A server whose users are JWTs signed by an account.
describeWithPrograms('nats', 'credentials for the progress of one attempt', (paths) => {
  let server: NatsServer;
  let folder: string;
  let credentialsFile: string;
  let reader: LoggedBus;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'framewright-creds-'));
    credentialsFile = join(folder, 'api.creds');
    server = await startNatsServer(paths['nats-server'] ?? '', { config: configuration() });
    reader = await busOn(server.url, { credentialsFile });
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
    const sender = createProgressSender({ url: server.url, name: 'worker', log, credentials, pace: fast });
    return { sender, warnings };
  };

  it('are read from a file that may come later than the process', async () => {
    await vi.waitFor(() => expect(reader.warnings).toContain('the NATS credentials cannot be used'), patience);
    expect(reader.bus.health().connected).toBe(false);
    const user = createNkey('user');
    const claims = {
      iss: account.publicKey,
      sub: user.publicKey,
      iat: 0,
      jti: '1',
      nats: { ...unlimited, type: 'user', version: 2 },
    };
    await writeFile(credentialsFile, credsText(signJwt(account, claims), user.seed));
    await vi.waitFor(() => expect(reader.bus.health().following).toBe(true), patience);
  });

  it.each([
    ['the account', accountSigner(account.seed)],
    ['a signing key of the account', accountSigner(signingKey.seed, account.publicKey)],
  ])('signed by %s let a worker tell of its own job, and of no other', async (who, signer) => {
    const own = news(`own of ${who}`, 1);
    const other = news(`other of ${who}`, 1);
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
      'that have run out',
      (uid: string) => progressCredentials(accountSigner(account.seed), news(uid, 1), { issuedAt: 1, expiresAt: 2 }),
    ],
    [
      'of another account',
      (uid: string) =>
        progressCredentials(accountSigner(createNkey('account').seed), news(uid, 1), {
          issuedAt: now(),
          expiresAt: now() + 600,
        }),
    ],
  ])('%s are refused', async (uid, make) => {
    const { sender, warnings } = senderWith(make(uid));
    sender.send(news(uid, 1));
    await vi.waitFor(
      () => expect(warnings).toEqual([expect.stringMatching(/authorization|authentication/i)]),
      patience,
    );
    await sender.close();
    expect(reader.bus.latest(uid)).toBeUndefined();
  });
});

const unlimited = { subs: -1, data: -1, payload: -1 };

/** An operator, its account with JetStream, and a system account, all in memory. */
function configuration(): string {
  const operator = nkeys.createOperator();
  const system = createNkey('account');
  const signed = (sub: string, nats: object): string => {
    const claims = { jti: sub, iat: 0, iss: operator.getPublicKey(), sub, nats: { version: 2, ...nats } };
    const text = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${text}.${Buffer.from(operator.sign(Buffer.from(text))).toString('base64url')}`;
  };
  const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accounts = {
    [account.publicKey]: { type: 'account', signing_keys: [signingKey.publicKey], limits: { ...limits, ...jetStream } },
    [system.publicKey]: { type: 'account', limits },
  };
  return [
    `operator: ${signed(operator.getPublicKey(), { type: 'operator', system_account: system.publicKey })}`,
    `system_account: ${system.publicKey}`,
    'resolver: MEMORY',
    'resolver_preload: {',
    ...Object.entries(accounts).map(([key, nats]) => `${key}: ${signed(key, nats)}`),
    '}',
  ].join('\n');
}
