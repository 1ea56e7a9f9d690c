import { describe, expect, it } from 'vitest';
import { Arguments, parseCommandLine } from '../../../src/cli/args/command-line.ts';
import { findCommand, optionsOf } from '../../../src/cli/args/command-table.ts';
import { openKeys } from '../../../src/cli/client/open-keys.ts';

function opening(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const command = findCommand('keys');
  if (command === undefined) throw new Error('Expected the command keys');
  const parsed = new Arguments(parseCommandLine(['list', ...args], optionsOf(command)));
  return (async () => openKeys(parsed, environment))();
}

describe('the keys that a command means', () => {
  it('are those of one store', async () => {
    await expect(opening(['--data', '/nowhere', '--kubeconfig', '/nowhere'])).rejects.toThrow('got both');
    await expect(opening(['--keys-namespace', 'framewright'])).rejects.toThrow('expected --kubeconfig');
  });

  it('are those of a data folder, unless a cluster is named', async () => {
    await expect(opening(['--data', '/nowhere'])).rejects.toThrow('found no database there');
    await expect(opening([], { FRAMEWRIGHT_DATA_DIR: '/nowhere' })).rejects.toThrow('found no database there');
    await expect(opening(['--kubeconfig', '/nowhere'])).rejects.toThrow('Expected a kubeconfig in /nowhere');
    await expect(opening([], { FRAMEWRIGHT_KUBECONFIG: '/nowhere' })).rejects.toThrow('Expected a kubeconfig');
    await expect(opening(['--data', '/nowhere'], { FRAMEWRIGHT_KUBECONFIG: '/elsewhere' })).rejects.toThrow(
      'found no database',
    );
  });
});
