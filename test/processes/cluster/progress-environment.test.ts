import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createNkey } from '../../../src/adapters/nats/nkey.ts';
import { progressEnvironment } from '../../../src/processes/cluster/progress-environment.ts';
import { test } from '../../support/fixtures.ts';
import { stageOf } from '../../support/worker-harness.ts';

describe('the credentials of a worker to publish its progress', () => {
  const clock = { now: () => Date.parse('2026-03-01T12:00:00Z') };
  const account = createNkey('account');
  const it = test.extend('fileWith', ({ ownScratch }) => async (text: string): Promise<string> => {
    const file = join(ownScratch, 'seed');
    await writeFile(file, text);
    return file;
  });

  it('do not exist without a key of the account', async () => {
    expect(await progressEnvironment({ accountSeedFile: undefined, account: undefined }, clock)).toBeUndefined();
  });

  it('are those of a user of its own per attempt, valid for longer than it may wait and run', async ({ fileWith }) => {
    const accountSeedFile = await fileWith(`${account.seed}\n`);
    const environmentOf = await progressEnvironment({ accountSeedFile, account: undefined }, clock);
    const [variable, ...more] = environmentOf?.(stageOf({ timeoutSeconds: 600 })) ?? [];
    expect(more).toEqual([]);
    expect(variable?.name).toBe('FRAMEWRIGHT_NATS_CREDENTIALS');
    const [, claims = ''] = /^e\w+\.([\w-]+)\.[\w-]+$/m.exec(variable?.value ?? '') ?? [];
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: account.publicKey,
      exp: clock.now() / 1000 + 600 + 7 * 86_400,
      nats: { pub: { allow: ['framewright.progress.default.job.uid.1'] }, sub: { deny: ['>'] } },
    });
    expect(environmentOf?.(stageOf())).not.toEqual(environmentOf?.(stageOf()));
  });

  it.for([
    ['does not exist', undefined],
    ['contains another key', createNkey('user').seed],
    ['contains something else', 'hunter2'],
  ])(
    'make the start fail when the file %s, without showing its content',
    async ([_case, text], { ownScratch, fileWith }) => {
      const accountSeedFile = text === undefined ? join(ownScratch, 'nowhere') : await fileWith(text);
      const opened = progressEnvironment({ accountSeedFile, account: undefined }, clock);
      await expect(opened).rejects.toThrow(/^Expected FRAMEWRIGHT_NATS_ACCOUNT_SEED_FILE (?!.*hunter2)/);
    },
  );
});
