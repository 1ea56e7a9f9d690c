import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { writeResult } from '../../src/worker/result/stage-result.ts';
import { canMount } from '../support/can-mount.ts';
import { it } from '../support/fixtures.ts';

const run = promisify(execFile);

it.skipIf(!canMount())(
  'a result can be left in a file that is a mount of its own, as the termination log of a pod is',
  async ({ ownScratch: folder }) => {
    const [host, log] = [join(folder, 'host'), join(folder, 'termination-log')];
    await Promise.all([writeFile(host, ''), writeFile(log, '')]);
    await run('mount', ['--bind', host, log]);
    try {
      await writeResult(log, { version: 1, exitCode: 16 });
      await writeResult(log, { version: 1, exitCode: 0 });
      expect(JSON.parse(await readFile(host, 'utf8'))).toEqual({ version: 1, exitCode: 0 });
    } finally {
      await run('umount', [log]);
    }
    expect((await readdir(folder)).toSorted()).toEqual(['host', 'termination-log']);
  },
);
