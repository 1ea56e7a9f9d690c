import { type StructuralSchema, structuralSchema } from '../../model/crd/structural-schema.ts';
import { type OperationType, operation, operationTypes } from '../../model/job/operations.ts';

/** A parameter of an operation on the command line. */
export interface Parameter {
  /** As it is typed: `start`, `fade-in`, `poster.width`. */
  readonly name: string;
  /** The member of the operation that gets the value. */
  readonly path: readonly string[];
  readonly schema: StructuralSchema;
  /** `item`: a member of the newest item of the list at `path[0]`; `append`: a further item of the list at `path`. */
  readonly into?: 'item' | 'append';
  /** The value names a file: a path, an address, `asset:NAME` or `file:PATH`. */
  readonly isSource: boolean;
}

/** The members that refer to inputs of the job; on the command line they take the file itself. */
const sourceMembers = new Set(['input', 'append', 'prepend']);

/** `fadeIn` as it is typed: `fade-in`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function schemaOf(type: OperationType): StructuralSchema {
  const schema = structuralSchema(operation).properties?.[type];
  if (schema === undefined) throw new TypeError(`Expected a schema for ${type}, but there is none`);
  return schema;
}

/** All parameters of an operation by what is typed; more than one where a short name is ambiguous. */
export type Parameters = ReadonlyMap<string, readonly Parameter[]>;

function collect(type: OperationType): Parameters {
  const found = new Map<string, Parameter[]>();
  const add = (name: string, rest: Omit<Parameter, 'name'>) => {
    found.set(name, [...(found.get(name) ?? []), { name, ...rest }]);
  };
  const members = Object.entries(schemaOf(type).properties ?? {});
  const nested: (readonly [string, Omit<Parameter, 'name'>])[] = [];
  for (const [member, schema] of members) {
    const isSource = sourceMembers.has(member);
    if (schema.type === 'object') {
      // `--poster` alone selects it with its defaults.
      add(kebab(member), { path: [member], schema, isSource });
      for (const [leaf, value] of Object.entries(schema.properties ?? {})) {
        const rest = { path: [member, leaf], schema: value, isSource: false };
        add(`${kebab(member)}.${kebab(leaf)}`, rest);
        nested.push([kebab(leaf), rest]);
      }
    } else if (schema.type === 'array' && schema.items?.type === 'object') {
      for (const [leaf, value] of Object.entries(schema.items.properties ?? {})) {
        nested.push([kebab(leaf), { path: [member, leaf], schema: value, into: 'item', isSource: false }]);
      }
    } else if (schema.type === 'array' && schema.items) {
      add(kebab(member), { path: [member], schema: schema.items, into: 'append', isSource });
    } else {
      add(kebab(member), { path: [member], schema, isSource });
    }
  }
  // A member of the operation itself overrides a nested member of the same name.
  const own = new Set(found.keys());
  for (const [name, rest] of nested) if (!own.has(name)) add(name, rest);
  return found;
}

const cache = new Map<OperationType, Parameters>();

export function parametersOf(type: OperationType): Parameters {
  const known = cache.get(type) ?? collect(type);
  cache.set(type, known);
  return known;
}

/** The operation that a word names: `speed-ramp` or `speedRamp`. */
export function operationNamed(word: string): OperationType | undefined {
  return operationTypes.find((type) => type === word || kebab(type) === word);
}

/** Whether `--NAME` is a switch: it is one only if no operation takes a value for it. */
export function isSwitch(parameters: readonly Parameter[]): boolean {
  return parameters.every(({ schema }) => schema.type === 'boolean' || schema.type === 'object');
}
