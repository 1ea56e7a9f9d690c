import { Ajv } from 'ajv';
import type { StructuralSchema } from '../../src/model/crd/structural-schema.ts';

/** What a schema says about a document: one line per failure, empty when it is valid. CEL rules are not evaluated. */
export type Validate = (document: unknown) => string[];

/**
 * A validator for a structural schema as the API server reads it with strict field validation: unknown fields are
 * failures, `exclusiveMinimum` is a switch for `minimum`, and patterns match anywhere in the string.
 */
export function structuralValidator(schema: StructuralSchema): Validate {
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    allowUnionTypes: false,
    formats: { int64: true, 'date-time': isDateTime },
  });
  const validate = ajv.compile(toJsonSchema7(schema));
  return (document) => {
    if (validate(document)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${instancePath || '/'} ${message ?? 'is invalid'}`,
    );
  };
}

const isDateTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text);

function toJsonSchema7(schema: StructuralSchema): Record<string, unknown> {
  const { properties, additionalProperties, items, minimum, exclusiveMinimum, maximum, exclusiveMaximum, ...rest } =
    schema;
  const kept = Object.entries(rest).filter(([key]) => !key.startsWith('x-kubernetes-'));
  return {
    ...Object.fromEntries(kept),
    ...(minimum === undefined ? {} : { [exclusiveMinimum ? 'exclusiveMinimum' : 'minimum']: minimum }),
    ...(maximum === undefined ? {} : { [exclusiveMaximum ? 'exclusiveMaximum' : 'maximum']: maximum }),
    ...(items ? { items: toJsonSchema7(items) } : {}),
    ...(additionalProperties ? { additionalProperties: toJsonSchema7(additionalProperties) } : {}),
    // Metadata has no members of its own in a CRD: the API server knows them.
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, toJsonSchema7(value)]),
          ),
          additionalProperties: false,
        }
      : {}),
  };
}
