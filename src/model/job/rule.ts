import type { z } from 'zod';

/**
 * One cross-field rule in two forms: a predicate for the REST API and the worker, and CEL for the API server. The CEL
 * text is in the schema's metadata under the key that the CRD generator copies unchanged.
 */
export interface Rule<T> {
  readonly cel: string;
  readonly message: string;
  readonly holds: (value: T) => boolean;
  /** Where the error is reported, relative to the object; the object itself when absent. */
  readonly path?: readonly (string | number)[];
}

/** Adds cross-field rules to a schema; keeps its description and its present rules. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  const checked = schema.superRefine((value, context) => {
    for (const rule of rules) {
      if (!rule.holds(value)) {
        context.addIssue({ code: 'custom', message: rule.message, path: rule.path ? [...rule.path] : [] });
      }
    }
  });
  const present: unknown = schema.meta()?.['x-kubernetes-validations'];
  return checked.meta({
    ...schema.meta(),
    'x-kubernetes-validations': [
      ...(Array.isArray(present) ? present.map((rule: unknown) => rule) : []),
      ...rules.map(({ cel, message }) => ({ rule: cel, message })),
    ],
  });
}

/** The rule "exactly one of these members is set", for one-of unions written as an object of optional members. */
export function exactlyOneOf<T extends object>(members: readonly (keyof T & string)[]): Rule<T> {
  const count = members.map((member) => `(has(self.${member}) ? 1 : 0)`).join(' + ');
  return {
    cel: `${count} == 1`,
    message: `exactly one of ${members.join(', ')} must be set`,
    holds: (value) => members.filter((member) => value[member] !== undefined).length === 1,
  };
}

/** The rule "at most one of these members is set". */
export function atMostOneOf<T extends object>(members: readonly (keyof T & string)[]): Rule<T> {
  const count = members.map((member) => `(has(self.${member}) ? 1 : 0)`).join(' + ');
  return {
    cel: `${count} <= 1`,
    message: `at most one of ${members.join(', ')} may be set`,
    holds: (value) => members.filter((member) => value[member] !== undefined).length <= 1,
  };
}
