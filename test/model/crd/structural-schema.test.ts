import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { structuralSchema } from '../../../src/model/crd/structural-schema.ts';
import { exactlyOneOf, withRules } from '../../../src/model/job/rule.ts';

describe('a structural schema', () => {
  it('writes an exclusive minimum as a switch beside the minimum', () => {
    expect(structuralSchema(z.number().gt(0).lt(9))).toEqual({
      type: 'number',
      minimum: 0,
      exclusiveMinimum: true,
      maximum: 9,
      exclusiveMaximum: true,
    });
  });

  it('drops the limits of JavaScript integers and keeps those of the model', () => {
    expect(structuralSchema(z.int())).toEqual({ type: 'integer', format: 'int64' });
    expect(structuralSchema(z.int().min(-3).max(1e13))).toEqual({
      type: 'integer',
      format: 'int64',
      minimum: -3,
      maximum: 1e13,
    });
  });

  it('turns a union of whole numbers into an integer enum', () => {
    expect(structuralSchema(z.union([z.literal(8), z.literal(10)]).describe('Bits.'))).toEqual({
      type: 'integer',
      description: 'Bits.',
      format: 'int64',
      enum: [8, 10],
    });
  });

  it('rejects any other union and names its path', () => {
    const schema = (b: z.ZodType) => z.strictObject({ a: z.strictObject({ b }) });
    expect(() => structuralSchema(schema(z.union([z.string(), z.number()])))).toThrow(/at a\.b, got/);
    expect(() => structuralSchema(schema(z.union([z.literal(1), z.boolean()])))).toThrow(/literals at a\.b, got/);
  });

  it('rejects a type without a structural form and names its path', () => {
    expect(() => structuralSchema(z.strictObject({ list: z.array(z.null()) }))).toThrow(/at list\[\], got "null"/);
  });

  it('writes a map as additional properties with its bound', () => {
    const map = z.record(z.string(), z.string().max(5)).meta({ maxProperties: 3 });
    expect(structuralSchema(map)).toEqual({
      type: 'object',
      maxProperties: 3,
      additionalProperties: { type: 'string', maxLength: 5 },
    });
  });

  it('lists required members and leaves a strict object to pruning', () => {
    expect(structuralSchema(z.strictObject({ a: z.boolean(), b: z.boolean().optional() }))).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'boolean' }, b: { type: 'boolean' } },
    });
  });

  it('carries cross-field rules through optional members and lists', () => {
    const choice = withRules(z.strictObject({ a: z.boolean().optional(), b: z.boolean().optional() }), [
      exactlyOneOf(['a', 'b']),
    ]);
    const rules = [
      { rule: '(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) == 1', message: 'exactly one of a, b must be set' },
    ];
    const schema = structuralSchema(z.strictObject({ one: choice.optional(), many: z.array(choice).max(2) }));
    expect(schema.properties?.['one']?.['x-kubernetes-validations']).toEqual(rules);
    expect(schema.properties?.['many']?.items?.['x-kubernetes-validations']).toEqual(rules);
  });

  it('marks the lists whose items have a key', () => {
    const schema = z.strictObject({ inner: z.strictObject({ list: z.array(z.strictObject({ name: z.string() })) }) });
    expect(
      structuralSchema(schema, { 'inner.list': ['name'] }).properties?.['inner']?.properties?.['list'],
    ).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
  });
});
