import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withSetupLock } from '../../../scripts/bootstrap/setup-lock.mjs';

let folder = '';
let lock = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'framewright-lock-'));
  lock = join(folder, 'setup.lock');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** The process id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

async function writeLock(pid: number, { children = [] as number[], host = hostname(), ageMs = 0 } = {}) {
  await writeFile(lock, [`${pid} 1 ${host}`, ...children].join('\n'));
  const then = new Date(Date.now() - ageMs);
  await utimes(lock, then, then);
}

const run = (options = {}) => withSetupLock(lock, () => Promise.resolve('done'), { timeout: 300, ...options });

describe('withSetupLock', () => {
  it('lets one at a time work, however many ask', async () => {
    let inside = 0;
    const seen: number[] = [];
    const work = async () => {
      inside += 1;
      seen.push(inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    const program = `
      const { withSetupLock } = await import(process.argv[1]);
      const { appendFile } = await import('node:fs/promises');
      await withSetupLock(process.argv[2], async () => {
        await appendFile(process.argv[3], 'in\\n');
        await new Promise((resolve) => setTimeout(resolve, 20));
        await appendFile(process.argv[3], 'out\\n');
      });`;
    const module = new URL('../../../scripts/bootstrap/setup-lock.mjs', import.meta.url).href;
    const log = join(folder, 'log');
    const others = Array.from({ length: 4 }, () =>
      once(spawn(process.execPath, ['--input-type=module', '-e', program, module, lock, log]), 'exit'),
    );
    await Promise.all([withSetupLock(lock, work), withSetupLock(lock, work), ...others]);
    expect(seen).toEqual([1, 1]);
    expect(await readFile(log, 'utf8')).toBe('in\nout\n'.repeat(4));
    expect(await readdir(folder)).toEqual(['log']);
  });

  it('is free again after work that failed', async () => {
    const failure = new Error('no space left');
    await expect(withSetupLock(lock, () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(run()).resolves.toBe('done');
  });

  it('takes over from a holder that is gone', async () => {
    await writeLock(await deadPid());
    await expect(run()).resolves.toBe('done');
    expect(await readdir(folder)).toEqual([]);
  });

  it('waits for the child that a killed holder left at work', async () => {
    await writeLock(await deadPid(), { children: [process.pid] });
    const waits: string[] = [];
    await expect(run({ onWait: (holder: string) => waits.push(holder) })).rejects.toThrow(/to be free within 0.3 s/);
    expect(waits).toHaveLength(1);
  });

  it('names the holder when the lock is not free in time', async () => {
    await writeLock(process.pid);
    await expect(run()).rejects.toThrow(`but process ${process.pid} holds it`);
  });

  it('cannot ask about a process of another host, and takes over only after a silence', async () => {
    await writeLock(await deadPid(), { host: 'elsewhere', ageMs: 10_000 });
    await expect(run()).rejects.toThrow(/to be free within/);
    await expect(run({ silence: 9_000 })).resolves.toBe('done');
  });

  it('takes over from a process id that was given out again, after a silence', async () => {
    await writeLock(process.pid, { ageMs: 60_000 });
    await expect(run()).resolves.toBe('done');
  });
});
