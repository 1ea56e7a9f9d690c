import { describe, expect, it } from 'vitest';
import { commands, findCommand, optionsOf } from '../../../src/cli/args/command-table.ts';
import { detailedHelp } from '../../../src/cli/args/detailed-help.ts';
import { columns, commandHelp, generalHelp, wrap } from '../../../src/cli/args/help.ts';
import { kebab, parametersOf } from '../../../src/cli/args/operation-parameters.ts';
import { exitCodeMeanings, exitCodes } from '../../../src/errors/exit-codes.ts';
import { operationTypes } from '../../../src/model/job/operations.ts';

describe('the general help', () => {
  it('lists every command and every exit code', () => {
    const text = generalHelp();
    for (const { name, summary } of commands)
      expect(text).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'));
    for (const { code } of exitCodeMeanings) expect(text).toMatch(new RegExp(`^  ${code} `, 'm'));
    expect(exitCodeMeanings.map(({ code }) => code)).toEqual(Object.values(exitCodes));
  });
});

describe('the help of a command', () => {
  it.each(commands)('$name shows its usage, all its options and its examples', async (command) => {
    const text = await detailedHelp(command, commandHelp);
    expect(text).toContain(`Usage: framewright ${command.name}`);
    if (command.name !== 'standalone') for (const { name } of optionsOf(command)) expect(text).toContain(`--${name}`);
    for (const { line } of command.examples) expect(text).toContain(line);
    for (const line of text.split('\n'))
      if (!line.includes('framewright ')) expect(line.length).toBeLessThanOrEqual(115);
  });

  it('of submit shows every parameter of every operation that can be typed', async () => {
    const text = await detailedHelp(findCommand('submit') ?? commands[0] ?? failure(), commandHelp);
    for (const type of operationTypes) {
      expect(text).toContain(`  ${kebab(type)} `);
      for (const [name, { length }] of parametersOf(type))
        if (length === 1 && !name.includes('.')) expect(text).toContain(name);
    }
  });

  it('of standalone shows the flags and the variables of the configuration', async () => {
    const text = await detailedHelp(findCommand('standalone') ?? failure(), commandHelp);
    expect(text).toContain('--data VALUE');
    expect(text).toContain('--media-root VALUE');
    expect(text).toContain('FRAMEWRIGHT_SOURCE_HOSTS');
  });

  it('offers no option that takes a key as its value: arguments are visible to every process', () => {
    const withValue = commands.flatMap((command) => optionsOf(command)).filter(({ value }) => value !== undefined);
    expect(withValue.map(({ name }) => name).filter((name) => /key|token|secret|password/.test(name))).toEqual(
      expect.arrayContaining(['api-key-file', 'idempotency-key']),
    );
    expect(withValue.some(({ name }) => name === 'api-key')).toBe(false);
  });
});

describe('wrapped text', () => {
  it('keeps every word and the width', () => {
    const text = 'one two three four five sixteenletters-and-more seven';
    expect(wrap(text, 12).replaceAll('\n', ' ')).toBe(text);
    expect(
      wrap(text, 12)
        .split('\n')
        .filter((line) => line.length > 12),
    ).toEqual(['sixteenletters-and-more']);
    expect(
      columns([
        ['a', 'x y'],
        ['long', 'z'],
      ]),
    ).toBe('  a     x y\n  long  z');
  });
});

function failure(): never {
  throw new Error('expected the command to exist');
}
