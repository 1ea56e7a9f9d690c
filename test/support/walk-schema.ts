import type { StructuralSchema } from '../../src/model/crd/structural-schema.ts';

export interface SchemaNode {
  /** For example `spec.operations[].trim.end`; the root is empty. */
  readonly path: string;
  readonly schema: StructuralSchema;
}

/** Every node of a structural schema, parents first. */
export function* walkSchema(schema: StructuralSchema, path = ''): Generator<SchemaNode> {
  yield { path, schema };
  for (const [name, value] of Object.entries(schema.properties ?? {})) {
    yield* walkSchema(value, path === '' ? name : `${path}.${name}`);
  }
  if (schema.items) yield* walkSchema(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* walkSchema(schema.additionalProperties, `${path}{}`);
}
