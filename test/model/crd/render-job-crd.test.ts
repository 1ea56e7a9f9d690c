import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { crdFiles } from '../../../src/model/crd/crd-files.ts';
import { renderJobDefinition, renderJobSchema } from '../../../src/model/crd/render-job-crd.ts';
import { changeableSpec } from '../../../src/model/crd/transition-rules.ts';
import { renderJobSpec } from '../../../src/model/job/render-job.ts';
import { terminalPhases } from '../../../src/model/status/lifecycle.ts';
import { walkSchema } from '../../support/walk-schema.ts';

const nodes = [...walkSchema(renderJobSchema())];
const [version] = renderJobDefinition().spec.versions;
const rules = nodes.flatMap(({ path, schema }) =>
  (schema['x-kubernetes-validations'] ?? []).map(({ rule, message }) => ({ path, rule, message })),
);

const paths = (filter: (node: (typeof nodes)[number]) => boolean): string[] =>
  nodes.filter(filter).map(({ path }) => path);

/** Members that the API server knows by itself. */
const known = new Set(['apiVersion', 'kind', 'metadata']);

describe('the schema of RenderJob', () => {
  it('has a sentence for every field', () => {
    const silent = ({ path, schema }: (typeof nodes)[number]) =>
      path !== '' &&
      !/(\[\]|\{\})$/.test(path) &&
      path !== 'metadata' &&
      !/^[A-Z0-9a-z].*\.$/s.test(schema.description ?? '');
    expect(paths(silent)).toEqual([]);
    expect(nodes.length).toBeGreaterThan(250);
  });

  it('bounds every list, map and free string', () => {
    const unbounded = ({
      path,
      schema: { type, enum: words, maxLength, maxItems, maxProperties, properties },
    }: (typeof nodes)[number]) =>
      !known.has(path) &&
      ((type === 'array' && maxItems === undefined) ||
        (type === 'string' && words === undefined && maxLength === undefined) ||
        (type === 'object' && properties === undefined && maxProperties === undefined));
    expect(paths(unbounded)).toEqual([]);
  });

  it('says no word that a structural schema must not have', () => {
    const unsupported = [
      'anyOf',
      'oneOf',
      'allOf',
      'not',
      'const',
      '$ref',
      '$schema',
      'propertyNames',
      'patternProperties',
    ];
    expect(nodes.filter(({ schema }) => unsupported.some((word) => word in schema))).toEqual([]);
    const booleans = nodes.filter(
      ({ schema: { exclusiveMinimum, minimum } }) => exclusiveMinimum && minimum !== undefined,
    );
    expect(booleans.length).toBe(nodes.filter(({ schema }) => 'exclusiveMinimum' in schema).length);
    expect(nodes.filter(({ schema }) => schema.properties && schema.additionalProperties)).toEqual([]);
  });

  it('has only regular expressions that Go understands: no look-around, no back-reference, no atomic group', () => {
    const patterns = nodes.flatMap(({ schema: { pattern } }) => pattern ?? []);
    expect(patterns.length).toBeGreaterThan(10);
    for (const pattern of patterns) expect(pattern).not.toMatch(/\(\?(=|!|<|>)|\\[1-9]|\\k</);
  });

  it('identifies inputs and renditions by name, and conditions by type', () => {
    const keyed = nodes.filter(({ schema }) => schema['x-kubernetes-list-type'] === 'map');
    expect(Object.fromEntries(keyed.map(({ path, schema }) => [path, schema['x-kubernetes-list-map-keys']]))).toEqual({
      'spec.inputs': ['name'],
      'spec.output.renditions': ['name'],
      'status.conditions': ['type'],
    });
    // The API server demands that a key is required, or has a default.
    for (const { schema } of keyed)
      expect(schema.items?.required).toEqual(expect.arrayContaining([...(schema['x-kubernetes-list-map-keys'] ?? [])]));
  });
});

describe('the rules of RenderJob', () => {
  it('exist at least where the model has cross-field rules', () => {
    expect(rules.length).toBeGreaterThan(30);
    for (const { rule, message, path } of rules) {
      expect(message.length, path).toBeGreaterThan(10);
      expect(rule.length, path).toBeLessThan(4096);
    }
  });

  it('keep every member of the spec fixed once started, except those that may change', () => {
    const [rule] = rules.filter(({ path, message }) => path === '' && message.includes('once the job has started'));
    for (const member of Object.keys(renderJobSpec.shape)) {
      const isChangeable = changeableSpec.some((name) => name === member);
      expect(rule?.rule.includes(`oldSelf.spec.${member}`), member).toBe(!isChangeable);
    }
  });

  it('name every terminal phase as one that stays', () => {
    const [rule] = rules.filter(({ path, message }) => path === 'status' && message.endsWith('keeps its phase'));
    for (const phase of terminalPhases) expect(rule?.rule).toContain(`'${phase}'`);
  });
});

describe('the definition of RenderJob', () => {
  it('has the names, the subresource and the selectable fields that clients use', () => {
    expect(renderJobDefinition().spec.names).toMatchObject({ shortNames: ['rj'], categories: ['framewright'] });
    expect(version).toMatchObject({
      subresources: { status: {} },
      selectableFields: [{ jsonPath: '.status.phase' }, { jsonPath: '.spec.queue' }],
    });
  });

  it('shows columns whose paths exist in the schema', () => {
    const all = new Set(nodes.map(({ path }) => path));
    const columns = version?.additionalPrinterColumns ?? [];
    expect(columns.map(({ name }) => name)).toEqual([
      'Phase',
      'Type',
      'Progress',
      'FPS',
      'ETA',
      'Attempt',
      'Node',
      'Reason',
      'Position',
      'Message',
      'Age',
    ]);
    for (const { jsonPath, name } of columns) {
      if (jsonPath === '.metadata.creationTimestamp') continue;
      expect(all.has(jsonPath.slice(1).replace(/\[[-:\d]+\]/, '[]')), name).toBe(true);
    }
  });

  it('is committed as it is generated, in fewer than 100 KB', () => {
    for (const [name, text] of crdFiles()) {
      expect(readFileSync(join(import.meta.dirname, '../../../crds', name), 'utf8'), `run npm run generate`).toBe(text);
      expect(Buffer.byteLength(text)).toBeLessThan(100_000);
      expect(text).toMatch(/^# Generated by/);
      expect(load(text)).toEqual(JSON.parse(JSON.stringify(renderJobDefinition())));
    }
  });
});
