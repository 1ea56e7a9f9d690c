import { z } from 'zod';
import { CodedError, type ErrorDetail } from '../errors/coded-error.ts';
import { clusterProblems } from './cluster-rules.ts';
import { clusterSettings } from './cluster-settings.ts';
import { serverSettings } from './server-settings.ts';
import type { Setting, Verb } from './setting.ts';

// Environment and flags become one validated Config here, and nowhere else: no other module reads process.env.
// A flag goes before its variable. `docs/reference/configuration.md` is generated from the tables of src/config/.

const settings = { ...serverSettings, ...clusterSettings } as const;

const configSchema = z.object(schemasOf(settings));

export type Config = Readonly<z.output<typeof configSchema>>;

/** The table of settings, for the documentation and `--help`. */
export const configTable: readonly (Setting & { readonly key: string })[] = Object.entries(settings).map(
  ([key, setting]) => ({ key, ...setting }),
);

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * One Config out of flags (by the names of the table) and environment variables. What the verb does not take keeps its
 * default, whatever the environment says.
 * Throws `INVALID_REQUEST` that lists every wrong setting: which, what was expected, what was got.
 */
export function loadConfig(
  flags: Readonly<Record<string, string | undefined>> = {},
  environment: Environment = processEnvironment(),
  verb: Verb = 'standalone',
): Config {
  const given = configTable.map(({ key, verbs, flag: flagName, variable, secret = false, default: fallback }) => {
    const flag = flagName === undefined ? undefined : flags[flagName];
    const taken = verbs.includes(verb) ? (flag ?? environment[variable]) : undefined;
    return { key, secret, name: flag === undefined ? variable : `--${flagName}`, text: taken ?? fallback };
  });
  const parsed = configSchema.safeParse(Object.fromEntries(given.map(({ key, text }) => [key, text])));
  const nameOf = (key: unknown): string | undefined => given.find((one) => one.key === key)?.name;
  if (!parsed.success) {
    const details = parsed.error.issues.map(({ path, message }) => {
      const { text, secret } = given.find(({ key }) => key === path[0]) ?? {};
      const got = secret === true ? 'something else' : JSON.stringify(text);
      return { path: nameOf(path[0]) ?? path.join('.'), message: `${message}, got ${got}` };
    });
    throw wrongSettings(details, verb);
  }
  const problems = verb === 'standalone' ? [] : clusterProblems(parsed.data);
  if (problems.length > 0) {
    const details = problems.map(({ key, message }) => ({ path: nameOf(key) ?? key, message }));
    throw wrongSettings(details, verb);
  }
  return parsed.data;
}

function wrongSettings(details: readonly ErrorDetail[], verb: Verb): CodedError {
  return new CodedError('INVALID_REQUEST', details.map(({ path, message }) => `${path}: ${message}`).join('\n'), {
    details,
    remedy: `Correct the flag or the variable; \`framewright ${verb} --help\` lists them.`,
  });
}

function schemasOf<Settings extends Readonly<Record<string, Setting>>>(
  table: Settings,
): { readonly [Key in keyof Settings]: Settings[Key]['schema'] };
function schemasOf(table: Readonly<Record<string, Setting>>): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(Object.entries(table).map(([key, { schema }]) => [key, schema]));
}
