import { extname } from 'node:path';
import { isRecord } from '../../lib/json.ts';
import { structuralSchema } from '../../model/crd/structural-schema.ts';
import { renderJobSpec } from '../../model/job/render-job.ts';
import { UsageError } from '../output/cli-error.ts';
import { Arguments, type OptionSpec, parseCommandLine } from './command-line.ts';
import { JobInputs, type NamedSource } from './job-inputs.ts';
import { buildOperation, operationOptions, type TypedOperation, takeOperations } from './operation-syntax.ts';
import { assign } from './spec-assignment.ts';

/** The request of a `submit` or `plan` command line, before any file is read. */
export type Submission =
  | { readonly kind: 'manifest'; readonly path: string; readonly sets: readonly string[] }
  | {
      readonly kind: 'files';
      /** In the order of the job's inputs. */
      readonly sources: readonly NamedSource[];
      /** The spec without its inputs. */
      readonly rest: Readonly<Record<string, unknown>>;
    };

export interface ParsedSubmission {
  readonly submission: Submission;
  readonly args: Arguments;
}

const specSchema = structuralSchema(renderJobSpec);

/** The container for each ending of an output file. */
const containerOf: ReadonlyMap<string, string> = new Map([
  ['.mp4', 'mp4'],
  ['.m4v', 'mp4'],
  ['.mkv', 'mkv'],
  ['.webm', 'webm'],
  ['.mov', 'mov'],
  ['.m3u8', 'hls'],
  ['.mpd', 'dash'],
]);

const isManifest = (name: string): boolean => /\.(ya?ml|json)$/i.test(name) && !/^https?:/i.test(name);

/**
 * Reads the command line of `submit` and `plan`.
 *
 * @param own options of the command itself; all others belong to operations
 * @throws UsageError
 */
export function parseSubmission(args: readonly string[], own: readonly OptionSpec[]): ParsedSubmission {
  const names = new Set(own.map(({ name }) => name));
  const list = parseCommandLine(args, [...own, ...operationOptions().filter(({ name }) => !names.has(name))]);
  const { operations, rest } = takeOperations(list, names);
  const values = new Arguments(rest);
  if (values.on('help')) return { submission: { kind: 'manifest', path: '', sets: [] }, args: values };
  return { submission: submissionOf(values, operations), args: values };
}

function submissionOf(args: Arguments, operations: readonly TypedOperation[]): Submission {
  const [first, ...more] = args.positionals;
  if (first === undefined) throw new UsageError('expected a file or a manifest');
  if (isManifest(first)) {
    if (more.length > 0) throw new UsageError(`expected one manifest, got ${more.length + 1} files`);
    if (operations.length > 0)
      throw new UsageError('expected --set with a manifest, got --op; a manifest has its own operations');
    return { kind: 'manifest', path: first, sets: args.all('set') };
  }
  const inputs = new JobInputs();
  inputs.add(first);
  const members = operations.map((operation) => buildOperation(operation, (source) => inputs.add(source)));
  const joined =
    more.length === 0
      ? members
      : appendToMerge(
          members,
          more.map((file) => inputs.add(file)),
        );
  const sources = inputs.all;
  const built = { ...(joined.length > 0 ? { operations: joined } : {}), ...containerFor(args.one('output')) };
  const spec = args.all('set').reduce<unknown>((present, text) => assign(present, text, specSchema), built);
  return { kind: 'files', sources, rest: { ...(isRecord(spec) ? spec : {}) } };
}

/** `--op merge a.mp4 b.mp4`: files after the first are those of the merge that names none. */
function appendToMerge(
  operations: readonly Record<string, unknown>[],
  append: readonly string[],
): Record<string, unknown>[] {
  const target = operations.findIndex(
    ({ merge }) => isRecord(merge) && merge['append'] === undefined && merge['prepend'] === undefined,
  );
  if (target === -1) {
    throw new UsageError(`expected one file, got ${append.length + 1}`, {
      remedy: 'join files with --op merge, or give an operation its file: --op add-audio --input music.mp3',
    });
  }
  return operations.map((operation, index) =>
    index === target && isRecord(operation['merge']) ? { merge: { ...operation['merge'], append } } : operation,
  );
}

function containerFor(file: string | undefined): { output?: { container: string } } {
  const container = file === undefined ? undefined : containerOf.get(extname(file).toLowerCase());
  return container === undefined ? {} : { output: { container } };
}

/** Applies `--set` to a manifest. */
export function manifestWith(manifest: unknown, sets: readonly string[]): unknown {
  if (sets.length === 0) return manifest;
  if (!isRecord(manifest)) throw new UsageError('expected a manifest with a spec, got something else');
  return { ...manifest, spec: sets.reduce<unknown>((spec, text) => assign(spec, text, specSchema), manifest['spec']) };
}

/**
 * The whole spec, with the source of each input.
 *
 * @throws UsageError with one line per wrong member
 */
export function specWith(rest: Readonly<Record<string, unknown>>, inputs: readonly Record<string, unknown>[]) {
  const parsed = renderJobSpec.safeParse({ inputs, ...rest });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
  const [only = 'the job is not valid', ...more] = problems;
  throw new UsageError(more.length === 0 ? only : `the job has ${problems.length} errors`, {
    details: more.length === 0 ? [] : problems,
    remedy: 'see `framewright submit --help` for the parameters of each operation',
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    'spec',
  );
}
