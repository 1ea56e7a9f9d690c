import { isRecord } from '../../lib/json.ts';
import type { OperationType } from '../../model/job/operations.ts';
import { operationTypes } from '../../model/job/operations.ts';
import { UsageError } from '../output/cli-error.ts';
import type { Argument, OptionSpec } from './command-line.ts';
import { isSwitch, kebab, operationNamed, type Parameter, parametersOf } from './operation-parameters.ts';
import { didYouMean } from './suggest.ts';
import { typedValue } from './typed-value.ts';

/** One parameter as it was typed; `true` for a switch. */
interface Assignment {
  readonly name: string;
  readonly value: string | boolean;
}

/** An operation as it was typed. */
export interface TypedOperation {
  readonly type: OperationType;
  readonly assignments: readonly Assignment[];
}

/** Every parameter of every operation as an option, so that they can follow `--op NAME`. */
export function operationOptions(): OptionSpec[] {
  const byName = new Map<string, Parameter[]>();
  for (const type of operationTypes) {
    for (const [name, parameters] of parametersOf(type)) byName.set(name, [...(byName.get(name) ?? []), ...parameters]);
  }
  return [...byName].map(([name, parameters]) => ({
    name,
    description: parameters[0]?.schema.description ?? '',
    ...(isSwitch(parameters) ? {} : { value: 'VALUE' }),
  }));
}

/**
 * Takes the operations out of a command line: an option that belongs to operations belongs to the `--op` before it.
 *
 * @returns the operations in order, and the other arguments
 */
export function takeOperations(
  list: readonly Argument[],
  own: ReadonlySet<string>,
): { operations: TypedOperation[]; rest: Argument[] } {
  const operations: { type: OperationType; assignments: Assignment[] }[] = [];
  const rest: Argument[] = [];
  for (const argument of list) {
    if (argument.kind === 'option' && argument.name === 'op') {
      operations.push(parseOperation(String(argument.value)));
    } else if (argument.kind === 'option' && !own.has(argument.name)) {
      const current = operations.at(-1);
      if (!current) {
        throw new UsageError(`--${argument.name} belongs to an operation: expected --op NAME before it`, {
          remedy: `for example: --op ${operationsWith(argument.name)[0] ?? 'trim'} --${argument.name} …`,
        });
      }
      current.assignments.push({ name: argument.name, value: argument.value });
    } else {
      rest.push(argument);
    }
  }
  return { operations, rest };
}

/** `NAME` or `NAME:key=value,key=value,switch`. */
function parseOperation(text: string): { type: OperationType; assignments: Assignment[] } {
  const colon = text.indexOf(':');
  const word = colon === -1 ? text : text.slice(0, colon);
  const type = operationNamed(word);
  if (type === undefined) {
    const names = operationTypes.map(kebab);
    throw new UsageError(`unknown operation ${JSON.stringify(word)}${didYouMean(word, names)}`, {
      remedy: `operations: ${names.join(', ')}`,
    });
  }
  const parts = colon === -1 ? [] : splitList(text.slice(colon + 1));
  return {
    type,
    assignments: parts.map((part) => {
      const equals = part.indexOf('=');
      return equals === -1
        ? { name: kebab(part), value: true }
        : { name: kebab(part.slice(0, equals)), value: part.slice(equals + 1) };
    }),
  };
}

/** Splits at commas; `"a, b"` and `a\, b` keep theirs. Empty parts are dropped. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index);
    if (letter === '\\' && index + 1 < text.length) {
      index += 1;
      part += text.charAt(index);
    } else if (letter === '"') {
      quoted = !quoted;
    } else if (letter === ',' && !quoted) {
      parts.push(part);
      part = '';
    } else {
      part += letter;
    }
  }
  if (quoted) throw new UsageError(`expected a closing " in ${JSON.stringify(text)}, but it is missing`);
  return [...parts, part].filter((each) => each !== '');
}

type Members = Record<string, unknown>;

/**
 * The operation as the model has it. A key that comes again starts the next region, range, segment or caption.
 *
 * @param nameInput turns a file, address or `asset:NAME` into the name of an input of the job
 * @throws UsageError for an unknown, ambiguous or repeated parameter, or a value of the wrong kind
 */
export function buildOperation({ type, assignments }: TypedOperation, nameInput: (source: string) => string): Members {
  const members: Members = {};
  for (const { name, value } of assignments) {
    const { path, schema, into, isSource } = parameterOf(type, name);
    const label = `${kebab(type)} ${name}`;
    const [first = '', second] = path;
    if (schema.type === 'object' && typeof value === 'boolean') {
      if (value) members[first] ??= {};
      continue;
    }
    if (value === true && schema.type !== 'boolean')
      throw new UsageError(`expected a value for ${label}: ${name}=VALUE`);
    const typed = typeof value === 'boolean' ? value : isSource ? nameInput(value) : typedValue(value, schema, label);
    if (into === 'append') members[first] = [...listOf(members[first]), typed];
    else if (into === 'item' && second !== undefined)
      members[first] = withMember(listOf(members[first]), second, typed);
    else if (second === undefined) setOnce(members, first, typed, label);
    else setOnce((members[first] ??= {}), second, typed, label);
  }
  return { [type]: members };
}

function parameterOf(type: OperationType, name: string): Parameter {
  const known = parametersOf(type);
  const [parameter, ...more] = known.get(name) ?? [];
  if (parameter === undefined) {
    throw new UsageError(`${kebab(type)} has no parameter ${JSON.stringify(name)}${didYouMean(name, known.keys())}`, {
      remedy: known.size > 0 ? `it takes ${[...known.keys()].join(', ')}` : 'it takes none',
    });
  }
  if (more.length > 0) {
    const full = [parameter, ...more].map(({ path }) => path.map(kebab).join('.'));
    throw new UsageError(`${JSON.stringify(name)} of ${kebab(type)} is ambiguous: expected ${full.join(' or ')}`);
  }
  return parameter;
}

function setOnce(members: unknown, member: string, value: unknown, label: string): void {
  if (!isRecord(members)) throw new UsageError(`${label} contradicts an earlier parameter`);
  if (members[member] !== undefined) throw new UsageError(`expected ${label} once, got it again`);
  members[member] = value;
}

function withMember(items: readonly unknown[], member: string, value: unknown): unknown[] {
  const last = items.at(-1);
  if (!isRecord(last) || member in last) return [...items, { [member]: value }];
  return [...items.slice(0, -1), { ...last, [member]: value }];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function operationsWith(name: string): string[] {
  return operationTypes.filter((type) => parametersOf(type).has(name)).map(kebab);
}
