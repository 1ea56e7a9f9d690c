import { resolve } from 'node:path';
import { z } from 'zod';

/** The commands that are configured by the table of settings. */
export const verbs = ['standalone', 'operator', 'api'] as const;
export type Verb = (typeof verbs)[number];

/** Those that use Kubernetes. */
export const clusterVerbs = ['operator', 'api'] as const;
/** Those that serve the REST API. */
export const apiVerbs = ['standalone', 'api'] as const;

export interface Setting {
  /** The commands that take it. */
  readonly verbs: readonly Verb[];
  readonly variable: string;
  /** The flag of those commands for the same setting; it overrides the variable. */
  readonly flag?: string;
  /** From the text of the flag or the variable. */
  readonly schema: z.ZodType;
  readonly default: string;
  readonly about: string;
  /** It may hold a password: no error shows its value. */
  readonly secret?: true;
}

/** The settings of one concern, by their names in the Config. */
export type SettingGroup = Readonly<Record<string, Setting>>;

export function wholeNumber(least: number, most: number) {
  const error = `expected a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, { error })
    .transform(Number)
    .pipe(z.int({ error }).min(least, { error }).max(most, { error }));
}

export const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

export const onOff = z.enum(['on', 'off']).transform((text) => text === 'on');

/** Empty is not set. */
export const optionalText = z.string().transform((text) => (text === '' ? undefined : text));

/** Absolute; relative paths start at the working directory. */
export const path = z
  .string()
  .min(1)
  .transform((text) => resolve(text));

/** Empty is not set. */
export const optionalPath = z.string().transform((text) => (text === '' ? undefined : resolve(text)));
