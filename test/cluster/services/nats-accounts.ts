import { nkeys } from '@nats-io/transport-node';
import { createNkey, type Nkey } from '../../../src/adapters/nats/nkey.ts';
import { credsText, signJwt } from '../../../src/adapters/nats/user-credentials.ts';

/** What a NATS server needs to let in only whom an account has signed, and the keys of that account. */
export interface NatsAccount {
  readonly account: Nkey;
  readonly signingKey: Nkey;
  /** For the configuration of the server: an operator, the account with JetStream, and a system account, all in memory. */
  readonly config: string;
  /** Credentials (the text of a `.creds` file) of a user that may do anything in the account. */
  readonly userCredentials: () => string;
}

const unlimited = { subs: -1, data: -1, payload: -1 };

export function createNatsAccount(): NatsAccount {
  const operator = nkeys.createOperator();
  const account = createNkey('account');
  const signingKey = createNkey('account');
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
  const config = [
    `operator: ${signed(operator.getPublicKey(), { type: 'operator', system_account: system.publicKey })}`,
    `system_account: ${system.publicKey}`,
    'resolver: MEMORY',
    'resolver_preload: {',
    ...Object.entries(accounts).map(([key, nats]) => `${key}: ${signed(key, nats)}`),
    '}',
  ].join('\n');
  return {
    account,
    signingKey,
    config,
    userCredentials: () => {
      const user = createNkey('user');
      const nats = { ...unlimited, type: 'user', version: 2 };
      const claims = { iss: account.publicKey, sub: user.publicKey, iat: 0, jti: user.publicKey, nats };
      return credsText(signJwt(account, claims), user.seed);
    },
  };
}
