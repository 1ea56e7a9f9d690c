import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { CodedError, type ErrorDetail } from '../../errors/coded-error.ts';

/** Failing fields that one reply lists; a hostile body can have hundreds of thousands. */
const maxDetails = 100;

type Issue = z.core.$ZodIssue;

/** A path in the usual notation: `operations[0].trim.end`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

function deepest(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
  return branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best), branches[0] ?? []);
}

function describe(issue: Issue): string {
  // Zod reports a missing field as "received undefined".
  const [, expected] = /^Invalid input: expected (.+), received undefined$/.exec(issue.message) ?? [];
  return expected === undefined ? issue.message.replace(/^Invalid input: /, '') : `is required (expected ${expected})`;
}

function* flatten(issues: readonly Issue[], base: readonly PropertyKey[]): Generator<ErrorDetail> {
  for (const issue of issues) {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) yield { path: pathText([...path, key.slice(0, 80)]), message: 'unknown field' };
    } else if (issue.code === 'invalid_union' && deepest(issue.errors).some((inner) => inner.path.length > 0)) {
      yield* flatten(deepest(issue.errors), path);
    } else {
      yield { path: pathText(path), message: describe(issue) };
    }
  }
}

/** All failing paths of a document as one `INVALID_REQUEST` whose message lists them too. */
function validationError(error: z.core.$ZodError, part: string): CodedError {
  const details: ErrorDetail[] = [];
  let more = 0;
  for (const { path, message } of flatten(error.issues, [])) {
    if (details.length < maxDetails) details.push({ path: path === '' ? part : path, message });
    else more += 1;
  }
  return invalidRequest(details, more);
}

/** `INVALID_REQUEST` for fields that fail a check outside any schema. */
export function invalidRequest(details: readonly ErrorDetail[], more = 0): CodedError {
  const listed = details.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new CodedError('INVALID_REQUEST', more === 0 ? listed : `${listed}; and ${more} more`, { details });
}

/** A value of a schema, or `INVALID_REQUEST` with every failing path. */
export function parse<S extends z.ZodType>(schema: S, value: unknown, part: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw validationError(result.error, part);
}

/** For routes whose handler parses the body itself; the schema only documents it. */
export const unvalidated = () => (data: unknown) => ({ value: data });

/** Lets Fastify validate with the zod schemas of the routes. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: validationError(result.error, httpPart ?? 'request') };
  };
