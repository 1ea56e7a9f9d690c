import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDirectory } from '../../../src/adapters/sqlite/data-directory.ts';
import { removeFolder, temporaryFolder } from '../processes/runner-setup.ts';

const holderProgram = fileURLToPath(import.meta.resolve('../../fixtures/lock-holder.ts'));
let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await removeFolder(folder);
});

/** Another process that tries to hold the directory: its first line is `held` or the error. */
async function holder(): Promise<{ readonly pid: number; readonly line: string; readonly kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', holderProgram, folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const said = await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    line: said.join('').trim(),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

describe('openDataDirectory', () => {
  it('makes the layout, for its owner alone', () => {
    using data = openDataDirectory(join(folder, 'a', 'b'));
    expect(data.root).toBe(join(folder, 'a', 'b'));
    for (const path of [data.root, data.objects, data.runs]) expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(existsSync(data.lock)).toBe(true);
  });

  it('knows the directory by one name whatever link leads to it', () => {
    symlinkSync(folder, join(folder, 'link'));
    using data = openDataDirectory(join(folder, 'link'));
    expect(data.root).toBe(folder);
  });

  it('can be opened again after it was given up', () => {
    openDataDirectory(folder)[Symbol.dispose]();
    openDataDirectory(folder)[Symbol.dispose]();
  });

  it('rejects a second server and names the first', async () => {
    const first = await holder();
    try {
      expect(first.line).toBe('held');
      expect(() => openDataDirectory(folder)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
      expect(() => openDataDirectory(folder)).toThrow(`process ${first.pid} `);
    } finally {
      await first.kill();
    }
  });

  it('is free again as soon as its server was killed', async () => {
    const first = await holder();
    await first.kill();
    openDataDirectory(folder)[Symbol.dispose]();
  });

  it('rejects a second lock within one process', () => {
    using _ = openDataDirectory(folder);
    expect(() => openDataDirectory(folder)).toThrow(`process ${process.pid} `);
  });

  it('is held by exactly one of many servers that start in parallel, after a crash too', async () => {
    const crashed = await holder();
    await crashed.kill();
    const holders = await Promise.all(Array.from({ length: 6 }, holder));
    try {
      expect(holders.filter(({ line }) => line === 'held')).toHaveLength(1);
    } finally {
      for (const each of holders) await each.kill();
    }
  });

  it('says which path cannot be a directory', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openDataDirectory(join(folder, 'file'))).toThrow(
      expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }),
    );
    expect(() => openDataDirectory(join(folder, 'file', 'below'))).toThrow(join(folder, 'file'));
  });
});
