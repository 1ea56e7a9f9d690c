import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startGuard } from './control-plane/guard.ts';
import { startProgram } from './control-plane/program.ts';

/** A process that starts two programs under a guard, says their process ids, and stays. */
const owner = `
import { startGuard } from '${import.meta.dirname}/control-plane/guard.ts';
import { startProgram } from '${import.meta.dirname}/control-plane/program.ts';
const folder = process.argv[1];
const guard = startGuard(folder);
const ended = startProgram('/bin/true', [], { guard, folder });
await ended.ended;
const pids = [1, 2].map(() => startProgram('/bin/sleep', ['600'], { guard, folder }).pid);
console.log(JSON.stringify(pids));
`;

it('ends the programs and removes their folder when the process that started them is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-guard-'));
  const args = ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning', '-e', owner, folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: unknown = await once(child.stdout, 'data');
  const pids = String(said).match(/\d+/g)?.map(Number) ?? [];
  expect(pids).toHaveLength(2);
  for (const pid of pids) expect(process.kill(pid, 0)).toBe(true);
  child.kill('SIGKILL');
  const patience = { timeout: 30_000 };
  await vi.waitFor(() => {
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }, patience);
  await vi.waitFor(() => expect(stat(folder)).rejects.toThrow('ENOENT'), patience);
});

it('does not end a process that it was asked to forget', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-guard-'));
  const stranger = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
  const { pid } = stranger;
  if (pid === undefined) throw new Error('sleep could not be started');
  try {
    const guard = startGuard(folder);
    const program = startProgram('/bin/sleep', ['600'], { guard, folder });
    guard.watch(pid);
    guard.forget(pid);
    await guard[Symbol.asyncDispose]();
    await program.ended;
    expect(process.kill(pid, 0)).toBe(true);
  } finally {
    stranger.kill();
  }
});
