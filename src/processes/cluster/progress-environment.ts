import { readFile } from 'node:fs/promises';
import type { EnvironmentVariable } from '../../adapters/kubernetes/pools/pool.ts';
import { type AccountSigner, accountSigner, progressCredentials } from '../../adapters/nats/user-credentials.ts';
import type { Config } from '../../config/load-config.ts';
import { CodedError } from '../../errors/coded-error.ts';
import type { StageSpec } from '../../model/job/stage.ts';
import type { Clock } from '../../ports/clock.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';

/** A pod may wait for a slot much longer than it runs. */
const longestWaitSeconds = 7 * 86_400;

/**
 * The variable that lets a worker publish its own progress and nothing else: credentials of its own, where the operator
 * has a key of the NATS account. Undefined where it has none.
 *
 * @throws CodedError `INVALID_REQUEST` for a file that cannot be read or does not contain such a key
 */
export async function progressEnvironment(
  { accountSeedFile, account }: Pick<Config['nats'], 'accountSeedFile' | 'account'>,
  clock: Pick<Clock, 'now'>,
): Promise<((stage: StageSpec) => readonly EnvironmentVariable[]) | undefined> {
  if (accountSeedFile === undefined) return undefined;
  const signer = await readSigner(accountSeedFile, account);
  return ({ identity, timeoutSeconds }) => {
    const issuedAt = clock.now() / 1000;
    const expiresAt = issuedAt + timeoutSeconds + longestWaitSeconds;
    return [
      {
        name: workerEnvironment.natsCredentials,
        value: progressCredentials(signer, identity, { issuedAt, expiresAt }),
      },
    ];
  };
}

async function readSigner(file: string, account: string | undefined): Promise<AccountSigner> {
  try {
    return accountSigner(await readFile(file, 'utf8'), account);
  } catch (cause) {
    const message = `Expected FRAMEWRIGHT_NATS_ACCOUNT_SEED_FILE to name a file with the seed of an account (SA…), got ${file}`;
    throw new CodedError('INVALID_REQUEST', message, { cause });
  }
}
