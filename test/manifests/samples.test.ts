import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { renderJobSchema } from '../../src/model/crd/render-job-crd.ts';
import { operationType, operationTypes } from '../../src/model/job/operations.ts';
import { renderJobManifest } from '../../src/model/job/render-job.ts';
import { structuralValidator } from '../support/structural-validator.ts';

const folder = join(import.meta.dirname, '../../manifests');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const samples = files.map((name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  return { name, text, document: load(text) };
});
const validate = structuralValidator(renderJobSchema());

/** The sample with one member replaced, as a document that nothing has looked at yet. */
function changed(name: string, change: (spec: Record<string, unknown>) => void): unknown {
  const manifest = renderJobManifest.parse(samples.find((sample) => sample.name === name)?.document);
  const spec: Record<string, unknown> = structuredClone(manifest.spec);
  change(spec);
  return { ...manifest, spec };
}

describe('the samples', () => {
  it.each(samples)('$name passes the model and the schema of the CRD', ({ document }) => {
    expect(renderJobManifest.safeParse(document).error?.issues ?? []).toEqual([]);
    expect(validate(document)).toEqual([]);
  });

  it.each(samples)('$name starts with a comment that says what it is for', ({ text }) => {
    expect(text).toMatch(/^# [A-Z].{20,}/);
  });

  it.each(samples)('$name means the same to readers of YAML 1.1, to whom a bare y is true', ({ text }) => {
    const plain = text.replaceAll(/#.*$|"[^"]*"/gm, '');
    expect(plain).not.toMatch(/(^|[\s{[,])(y|n|yes|no|on|off)\s*(:|,|\}|\]|$)/im);
  });

  it('show every operation in a file of its own', () => {
    for (const type of operationTypes) {
      const file = `${type.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.yaml`;
      const { spec } = renderJobManifest.parse(samples.find(({ name }) => name === file)?.document);
      expect((spec.operations ?? []).map(operationType), file).toContain(type);
    }
  });

  it('are all named in the README beside them', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const { name } of samples) expect(readme).toContain(`\`${name}\``);
  });
});

describe('model and CRD schema reject the same specs', () => {
  it.each<[string, (spec: Record<string, unknown>) => void]>([
    ['an unknown member', (spec) => Object.assign(spec, { colour: 'red' })],
    ['no input', (spec) => Object.assign(spec, { inputs: [] })],
    [
      '65 inputs',
      (spec) => Object.assign(spec, { inputs: Array.from({ length: 65 }, (_, i) => ({ name: `n${i}`, file: 'a' })) }),
    ],
    ['a number as text', (spec) => Object.assign(spec, { priority: '5' })],
    ['a priority out of range', (spec) => Object.assign(spec, { priority: 101 })],
    ['a word that is no acceleration', (spec) => Object.assign(spec, { acceleration: 'required' })],
    ['an exclusive minimum met exactly', (spec) => Object.assign(spec, { operations: [{ trim: { end: 0 } }] })],
    ['a turn of 45 degrees', (spec) => Object.assign(spec, { operations: [{ transcode: { rotate: 45 } }] })],
    ['a fraction of a bit', (spec) => Object.assign(spec, { output: { video: { bitDepth: 8.5 } } })],
    ['a line break in a path', (spec) => Object.assign(spec, { inputs: [{ name: 'clip', file: 'a\nb' }] })],
    ['an upper-case input name', (spec) => Object.assign(spec, { inputs: [{ name: 'Clip', file: 'a' }] })],
    ['an ftp address', (spec) => Object.assign(spec, { inputs: [{ name: 'clip', url: 'ftp://media.example.com/a' }] })],
    [
      '17 resource limits',
      (spec) =>
        Object.assign(spec, {
          podTemplate: { limits: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`r${i}`, '1'])) },
        }),
    ],
    ['null for a list', (spec) => Object.assign(spec, { operations: null })],
  ])('%s', (_what, change) => {
    const document = changed('trim.yaml', change);
    expect(renderJobManifest.safeParse(document).success).toBe(false);
    expect(validate(document)).not.toEqual([]);
  });
});
