import { z } from 'zod';

/** A validation rule in CEL as in Kubernetes, without `fieldPath` and `reason`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** The part of a structural schema (apiextensions.k8s.io/v1 JSONSchemaProps) that our model needs. */
export interface StructuralSchema {
  type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  description?: string;
  format?: string;
  enum?: readonly (string | number)[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  /** A boolean beside `minimum`, as in version 4 of JSON Schema; Kubernetes rejects the later number form. */
  exclusiveMinimum?: true;
  maximum?: number;
  exclusiveMaximum?: true;
  minItems?: number;
  maxItems?: number;
  items?: StructuralSchema;
  'x-kubernetes-list-type'?: 'map';
  'x-kubernetes-list-map-keys'?: readonly string[];
  maxProperties?: number;
  additionalProperties?: StructuralSchema;
  properties?: Record<string, StructuralSchema>;
  required?: readonly string[];
  'x-kubernetes-validations'?: readonly ValidationRule[];
}

/**
 * A zod schema as a structural schema: inlined, each node with one type, no anyOf, const, $ref or additionalProperties:
 * false. Cross-field rules are those that `withRules` added to the metadata.
 *
 * @param listKeys paths of lists (`inputs`, `output.renditions`) whose items are identified by these members
 * @throws TypeError naming the path where the zod schema has no structural form
 */
export function structuralSchema(
  schema: z.ZodType,
  listKeys: Readonly<Record<string, readonly string[]>> = {},
): StructuralSchema {
  const json = z.toJSONSchema(schema, { io: 'input', reused: 'inline', unrepresentable: 'any' });
  return convert(json, '', listKeys);
}

type Json = Readonly<Record<string, unknown>>;

function convert(node: Json, path: string, listKeys: Readonly<Record<string, readonly string[]>>): StructuralSchema {
  if (Array.isArray(node['anyOf'])) return literals(node, node['anyOf'], path);
  // In the order in which the members appear in the YAML.
  const common = {
    ...pick(node, 'description', 'string'),
    ...rules(node, path),
  };
  switch (node['type']) {
    case 'object':
      return { type: 'object', ...common, ...objectMembers(node, path, listKeys) };
    case 'array': {
      const keys = listKeys[path];
      return {
        type: 'array',
        ...common,
        ...pick(node, 'minItems', 'number'),
        ...pick(node, 'maxItems', 'number'),
        ...(keys ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys } : {}),
        items: convert(child(node['items'], `${path}[]`), `${path}[]`, listKeys),
      };
    }
    case 'string':
      return {
        type: 'string',
        ...common,
        ...pick(node, 'format', 'string'),
        ...(Array.isArray(node['enum']) ? { enum: node['enum'].map(String) } : {}),
        ...pick(node, 'pattern', 'string'),
        ...pick(node, 'minLength', 'number'),
        ...pick(node, 'maxLength', 'number'),
      };
    case 'integer':
      return { type: 'integer', ...common, format: 'int64', ...numericBounds(node) };
    case 'number':
      return { type: 'number', ...common, ...numericBounds(node) };
    case 'boolean':
      return { type: 'boolean', ...common };
    default:
      throw new TypeError(
        `Expected object, array, string, integer, number or boolean at ${path || 'the root'}, got ${JSON.stringify(node['type'])}`,
      );
  }
}

function objectMembers(
  node: Json,
  path: string,
  listKeys: Readonly<Record<string, readonly string[]>>,
): Pick<StructuralSchema, 'properties' | 'required' | 'additionalProperties' | 'maxProperties'> {
  const values = node['additionalProperties'];
  // `false` marks a strict object: the API server prunes unknown fields, or warns about them, by itself.
  if (isJson(values)) {
    return { ...pick(node, 'maxProperties', 'number'), additionalProperties: convert(values, `${path}{}`, listKeys) };
  }
  const properties: Record<string, StructuralSchema> = {};
  for (const [name, value] of Object.entries(child(node['properties'] ?? {}, path))) {
    const inner = path === '' ? name : `${path}.${name}`;
    properties[name] = convert(child(value, inner), inner, listKeys);
  }
  const required = Array.isArray(node['required']) ? node['required'].map(String) : [];
  return { ...(required.length > 0 ? { required } : {}), properties };
}

/** A union of whole-number literals is an integer enum; no other union has a structural form. */
function literals(node: Json, members: readonly unknown[], path: string): StructuralSchema {
  const values = members.map((member) => (isJson(member) ? member['const'] : undefined));
  if (!values.every((value) => typeof value === 'number' && Number.isInteger(value))) {
    throw new TypeError(`Expected a union of whole-number literals at ${path}, got ${JSON.stringify(members)}`);
  }
  return {
    type: 'integer',
    ...pick(node, 'description', 'string'),
    format: 'int64',
    enum: values.filter((value) => typeof value === 'number'),
  };
}

function numericBounds(
  node: Json,
): Pick<StructuralSchema, 'minimum' | 'exclusiveMinimum' | 'maximum' | 'exclusiveMaximum'> {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = node;
  return {
    ...(typeof exclusiveMinimum === 'number'
      ? { minimum: exclusiveMinimum, exclusiveMinimum: true }
      : typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER
        ? { minimum }
        : {}),
    // The limits of JavaScript's integers are not part of the model.
    ...(typeof exclusiveMaximum === 'number'
      ? { maximum: exclusiveMaximum, exclusiveMaximum: true }
      : typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER
        ? { maximum }
        : {}),
  };
}

function rules(node: Json, path: string): Pick<StructuralSchema, 'x-kubernetes-validations'> {
  const found = node['x-kubernetes-validations'];
  if (found === undefined) return {};
  if (!Array.isArray(found)) throw new TypeError(`Expected a list of rules at ${path}, got ${JSON.stringify(found)}`);
  return {
    'x-kubernetes-validations': found.map((entry: unknown) => {
      const { rule, message } = child(entry, path);
      if (typeof rule !== 'string' || typeof message !== 'string') {
        throw new TypeError(`Expected a rule and a message at ${path}, got ${JSON.stringify(entry)}`);
      }
      return { rule, message };
    }),
  };
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function child(value: unknown, path: string): Json {
  if (!isJson(value)) throw new TypeError(`Expected a schema at ${path}, got ${JSON.stringify(value)}`);
  return value;
}

interface Kinds {
  string: string;
  number: number;
}

function pick<K extends string, T extends keyof Kinds>(node: Json, key: K, kind: T): { [P in K]?: Kinds[T] };
function pick(node: Json, key: string, kind: string): Json {
  const value = node[key];
  return typeof value === kind ? { [key]: value } : {};
}
