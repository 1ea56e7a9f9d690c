import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arguments, type OptionSpec, parseCommandLine } from '../../../src/cli/args/command-line.ts';
import { UsageError } from '../../../src/cli/output/cli-error.ts';

const options: readonly OptionSpec[] = [
  { name: 'start', value: 'SECONDS', description: 'Start.' },
  { name: 'output', short: 'o', value: 'FILE', description: 'Output.' },
  { name: 'json', description: 'JSON.' },
  { name: 'follow', short: 'f', description: 'Follow.' },
];

const parse = (...args: string[]) => parseCommandLine(args, options);

describe('a command line', () => {
  it('keeps the order of options and positionals', () => {
    expect(parse('a.mp4', '--start', '1', 'b.mp4', '-o', 'c.mp4')).toEqual([
      { kind: 'positional', value: 'a.mp4' },
      { kind: 'option', name: 'start', value: '1' },
      { kind: 'positional', value: 'b.mp4' },
      { kind: 'option', name: 'output', value: 'c.mp4' },
    ]);
  });

  it.each([
    [['--start=-16'], '-16'],
    [['--start', '-16'], '-16'],
    [['--start', '-0.5'], '-0.5'],
    [['--start='], ''],
    [['--start', 'a=b'], 'a=b'],
    [['--start', '-'], '-'],
  ])('%j gives the value %j', (args, value) => {
    expect(parse(...args)).toEqual([{ kind: 'option', name: 'start', value }]);
  });

  it('takes everything after -- as it is', () => {
    expect(parse('--', '--start', '-o')).toEqual([
      { kind: 'positional', value: '--start' },
      { kind: 'positional', value: '-o' },
    ]);
  });

  it.each([
    [['--json'], true],
    [['--no-json'], false],
    [['--json=false'], false],
    [['--json=true'], true],
  ])('%j turns the switch %s', (args, value) => {
    expect(parse(...args)).toEqual([{ kind: 'option', name: 'json', value }]);
  });

  it.each([
    [['--strat', '1'], 'unknown option --strat (did you mean --start?)'],
    [['-x'], 'unknown option -x'],
    [['--start'], 'expected SECONDS after --start, got nothing'],
    [['--start', '--json'], 'expected SECONDS after --start, got --json'],
    [['--start', '-o', 'x'], 'expected SECONDS after --start, got -o'],
    [['--json=maybe'], '--json is a switch: expected no value, true or false, got "maybe"'],
    [['--no-start'], '--start takes SECONDS and cannot be negated'],
    [['--__proto__', 'x'], 'unknown option --__proto__'],
  ])('rejects %j', (args, message) => {
    expect(() => parse(...args)).toThrow(new UsageError(message));
  });

  it('never fails in another way, whatever is typed', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('--start', '-o', '--', '--json', '--no-json', '-', '--start=', '-of'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (args) => {
        try {
          for (const argument of parse(...args)) expect(argument.value).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});

describe('arguments', () => {
  it('give the last state of a switch, all values of an option, and reject two where one is meant', () => {
    const args = new Arguments(parse('--json', '--no-json', '-f', '--start', '1', '--start', '2', 'clip.mp4'));
    expect(args.on('json')).toBe(false);
    expect(args.on('follow')).toBe(true);
    expect(args.all('start')).toEqual(['1', '2']);
    expect(args.positionals).toEqual(['clip.mp4']);
    expect(args.one('output')).toBeUndefined();
    expect(() => args.one('start')).toThrow('expected --start at most once, got it 2 times');
  });

  it.each(['0', '501', '1.5', 'ten', '', '1e2', ' 5'])('reject %j as a whole number from 1 to 500', (text) => {
    const args = new Arguments(parse(`--start=${text}`));
    expect(() => args.integer('start', { min: 1, max: 500 })).toThrow(
      `expected a whole number from 1 to 500 after --start, got ${text}`,
    );
  });

  it('read a whole number', () => {
    expect(new Arguments(parse('--start', '500')).integer('start', { min: 1, max: 500 })).toBe(500);
    expect(new Arguments([]).integer('start', { min: 1, max: 500 })).toBeUndefined();
  });
});
