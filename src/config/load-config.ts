import { z } from 'zod';
import { CodedError, type ErrorDetail } from '../errors/coded-error.ts';
import { clusterProblems } from './cluster-rules.ts';
import type { Verb } from './setting.ts';
import { type Config, configTable, settings } from './settings.ts';

// Environment and flags become one validated Config here, and nowhere else: no other module reads process.env.
// A flag overrides its variable.

export type { Config } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. */
export function processEnvironment(): Environment {
  return process.env;
}

/** The text of one setting, and the flag or variable that it comes from. */
interface GivenSetting {
  readonly group: string;
  readonly key: string;
  readonly name: string;
  readonly text: string;
  readonly secret: boolean;
}

/**
 * One Config out of flags (by the names of the table) and environment variables. What the verb does not take keeps its
 * default, whatever the environment contains.
 *
 * @throws CodedError `INVALID_REQUEST` that lists every wrong setting: its name, what was expected, what was got
 */
export function loadConfig(
  flags: Readonly<Record<string, string | undefined>> = {},
  environment: Environment = processEnvironment(),
  verb: Verb = 'standalone',
): Config {
  const given = givenSettings(flags, environment, verb);
  const find = ([group, key]: readonly PropertyKey[]): GivenSetting | undefined =>
    given.find((one) => one.group === group && one.key === key);
  const parsed = configSchema().safeParse(nested(given));
  if (!parsed.success) {
    const details = parsed.error.issues.map(({ path, message }) => {
      const { name = path.join('.'), text, secret } = find(path) ?? {};
      return { path: name, message: `${message}, got ${secret === true ? 'something else' : JSON.stringify(text)}` };
    });
    throw wrongSettings(details, verb);
  }
  const problems = verb === 'standalone' ? [] : clusterProblems(parsed.data);
  if (problems.length > 0) {
    const details = problems.map(({ path, message }) => ({ path: find(path)?.name ?? path.join('.'), message }));
    throw wrongSettings(details, verb);
  }
  return parsed.data;
}

function givenSettings(
  flags: Readonly<Record<string, string | undefined>>,
  environment: Environment,
  verb: Verb,
): readonly GivenSetting[] {
  return configTable.map(({ group, key, verbs, flag: flagName, variable, secret = false, default: fallback }) => {
    const flag = flagName === undefined ? undefined : flags[flagName];
    const taken = verbs.includes(verb) ? (flag ?? environment[variable]) : undefined;
    return { group, key, secret, name: flag === undefined ? variable : `--${flagName}`, text: taken ?? fallback };
  });
}

function nested(given: readonly GivenSetting[]): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const groups: Record<string, Record<string, string>> = {};
  for (const { group, key, text } of given) (groups[group] ??= {})[key] = text;
  return groups;
}

function wrongSettings(details: readonly ErrorDetail[], verb: Verb): CodedError {
  return new CodedError('INVALID_REQUEST', details.map(({ path, message }) => `${path}: ${message}`).join('\n'), {
    details,
    remedy: `Correct the flag or the variable; \`framewright ${verb} --help\` lists them.`,
  });
}

function configSchema(): z.ZodType<Config>;
function configSchema(): z.ZodType {
  const shapes = Object.entries(settings).map(([group, table]) => {
    const schemas = Object.entries(table).map(([key, { schema }]) => [key, schema] as const);
    return [group, z.object(Object.fromEntries(schemas))] as const;
  });
  return z.object(Object.fromEntries(shapes));
}
