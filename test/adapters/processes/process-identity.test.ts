import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identify, isAlive, parseStat } from '../../../src/adapters/processes/process-identity.ts';

/** A line of /proc/<pid>/stat as the kernel writes it. */
const line = (command: string, { group = 7, started = '98765' } = {}): string =>
  `42 (${command}) S 1 ${group} 42 0 -1 4194560 ${Array.from({ length: 12 }, () => '0').join(' ')} ${started} 1000 200`;

describe('parseStat', () => {
  it('finds state, group and start whatever the command is called', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 16 }), (command) => {
        expect(parseStat(line(command))).toEqual({ state: 'S', group: 7, started: '98765' });
      }),
    );
  });

  it('is not led astray by a command that looks like the rest of the line', () => {
    expect(parseStat(line('x) R 1 99 (y'))).toEqual({ state: 'S', group: 7, started: '98765' });
  });

  it('answers undefined for text of another kind', () => {
    for (const text of ['', 'nothing', '42 (sh) S 1']) expect(parseStat(text)).toBeUndefined();
  });
});

describe('identify', () => {
  it('recognises this process, and not one that merely has its pid', () => {
    const identity = identify(process.pid);
    expect(identity).toMatchObject({ pid: process.pid });
    if (identity === undefined) return;
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, started: '1' })).toBe(false);
    expect(isAlive({ ...identity, bootId: 'another' })).toBe(false);
  });

  it('returns undefined for a pid that is not in use', () => {
    expect(identify(2 ** 30)).toBeUndefined();
  });
});
