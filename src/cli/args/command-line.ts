import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from '../output/cli-error.ts';
import { didYouMean } from './suggest.ts';

/** An option of a command. Without `value` it is a switch, which `--no-NAME` turns off. */
export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in the help, for example `FILE`. */
  readonly value?: string;
  readonly description: string;
}

/** One thing on a command line, in the order in which it stood there. */
export type Argument =
  | { readonly kind: 'option'; readonly name: string; readonly value: string | boolean }
  | { readonly kind: 'positional'; readonly value: string };

/**
 * Splits a command line into options and positionals, in order, so that what follows `--op` can belong to it.
 *
 * @throws UsageError for an unknown option, a missing value, or a value on a switch
 */
export function parseCommandLine(args: readonly string[], options: readonly OptionSpec[]): Argument[] {
  const known = new Map(options.map((option) => [option.name, option]));
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    options.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: true, ...(short ? { short } : {}) },
    ]),
  );
  // Not strict: negative numbers are values here, and the messages are ours.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  return tokens.flatMap((token): Argument[] => {
    if (token.kind === 'option-terminator') return [];
    if (token.kind === 'positional') return [{ kind: 'positional', value: token.value }];
    return [{ kind: 'option', ...optionOf(token, known) }];
  });
}

function optionOf(
  token: { readonly name: string; readonly rawName: string; readonly value: string | undefined },
  known: ReadonlyMap<string, OptionSpec>,
): { name: string; value: string | boolean } {
  const { rawName, value } = token;
  const negated = rawName.startsWith('--no-') && !known.has(rawName.slice(2));
  const name = negated ? rawName.slice(5) : token.name;
  const option = known.get(name);
  if (option === undefined) {
    const names = [...known.keys()].map((each) => `--${each}`);
    throw new UsageError(`unknown option ${rawName}${didYouMean(rawName, names)}`);
  }
  if (option.value === undefined) return { name, value: switchValue(rawName, value, negated) };
  if (negated) throw new UsageError(`--${name} takes ${option.value} and cannot be negated`);
  if (value === undefined || looksLikeOption(value)) {
    throw new UsageError(`expected ${option.value} after ${rawName}, got ${value ?? 'nothing'}`);
  }
  return { name, value };
}

function switchValue(rawName: string, value: string | undefined, negated: boolean): boolean {
  if (value === undefined) return !negated;
  if (!negated && (value === 'true' || value === 'false')) return value === 'true';
  throw new UsageError(`${rawName} is a switch: expected no value, true or false, got ${JSON.stringify(value)}`);
}

/** `--json` is no value, `-16` and `-` are. */
function looksLikeOption(value: string): boolean {
  return /^--./.test(value) || /^-[A-Za-z]/.test(value);
}

/** The options and positionals of a command whose order does not matter. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #options: ReadonlyMap<string, readonly (string | boolean)[]>;

  constructor(list: readonly Argument[]) {
    const options = new Map<string, (string | boolean)[]>();
    const positionals: string[] = [];
    for (const argument of list) {
      if (argument.kind === 'positional') positionals.push(argument.value);
      else options.set(argument.name, [...(options.get(argument.name) ?? []), argument.value]);
    }
    this.positionals = positionals;
    this.#options = options;
  }

  /** Whether a switch is on; the last one counts. */
  on(name: string): boolean {
    return this.#options.get(name)?.at(-1) === true;
  }

  /** The value of an option that may be given once. */
  one(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw new UsageError(`expected --${name} at most once, got it ${values.length} times`);
    return values[0];
  }

  all(name: string): readonly string[] {
    return (this.#options.get(name) ?? []).filter((value) => typeof value === 'string');
  }

  /** A whole number within limits. */
  integer(name: string, limits: { readonly min: number; readonly max: number }): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < limits.min || value > limits.max) {
      throw new UsageError(`expected a whole number from ${limits.min} to ${limits.max} after --${name}, got ${text}`);
    }
    return value;
  }
}
