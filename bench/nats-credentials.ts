import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';
import { createNkey } from '../src/adapters/nats/nkey.ts';
import { progressSubject } from '../src/adapters/nats/subject.ts';
import { accountSigner, credsText, progressCredentials } from '../src/adapters/nats/user-credentials.ts';
import { type Benchmark, median } from './lib/benchmark.ts';

const source = { namespace: 'media', name: 'trim-1767225600000-abcdefghij', uid: randomUUID(), attempt: 1 };
const lifetime = { issuedAt: 1_767_225_600, expiresAt: 1_767_232_800 };

export const benchmark: Benchmark = {
  title: 'NATS credentials for one worker: node:crypto against @nats-io/nkeys',
  method:
    'A new user key, a JWT signed by the account and the text of a .creds file, 1,000 times with the code of the operator and 50 ' +
    'times with @nats-io/nkeys, which computes Ed25519 in JavaScript. Alternating, after one warm-up of each; medians of the processor time of one.',
  goal: 'below 0.1',
  runs: 5,
  measure: async ({ runs, quick, print }) => {
    const [ours, other]: [number[], number[]] = [[], []];
    const signer = accountSigner(createNkey('account').seed);
    const account = nkeys.createAccount();
    const issuer = account.getPublicKey();
    for (let run = 0; run <= runs; run++) {
      const own = cpuMillisecondsEach(quick ? 50 : 1_000, () => progressCredentials(signer, source, lifetime));
      const library = cpuMillisecondsEach(quick ? 10 : 50, () => libraryCredentials(account, issuer));
      print(`${run === 0 ? 'warm-up' : `run ${run}`}: ${own.toFixed(3)} ms, @nats-io/nkeys ${library.toFixed(2)} ms`);
      if (run === 0) continue;
      ours.push(own);
      other.push(library);
    }
    return {
      ours: `${median(ours).toFixed(2)} ms`,
      other: `${median(other).toFixed(2)} ms (@nats-io/nkeys)`,
      ratio: (median(ours) / median(other)).toFixed(3),
    };
  },
};

function cpuMillisecondsEach(count: number, run: () => unknown): number {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

/** What `progressCredentials` makes, with the keys and signatures of the library. */
function libraryCredentials(account: ReturnType<typeof nkeys.createAccount>, issuer: string): string {
  const user = nkeys.createUser();
  const { issuedAt: iat, expiresAt: exp } = lifetime;
  const claims = {
    jti: randomUUID(),
    iat,
    exp,
    iss: issuer,
    sub: user.getPublicKey(),
    name: source.name,
    nats: { type: 'user', version: 2, pub: { allow: [progressSubject(source)] }, sub: { deny: ['>'] } },
  };
  const signed = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = Buffer.from(account.sign(Buffer.from(signed))).toString('base64url');
  return credsText(`${signed}.${signature}`, Buffer.from(user.getSeed()).toString());
}
