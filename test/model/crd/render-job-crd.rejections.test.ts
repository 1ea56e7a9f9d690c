import { expect, it } from 'vitest';
import { renderJobSchema } from '../../../src/model/crd/render-job-crd.ts';
import { walkSchema } from '../../support/walk-schema.ts';
import { rejections } from './rejections.ts';

it('every rule of the schema has something that breaks it, for the test on a real API server', () => {
  const rules = [...walkSchema(renderJobSchema())].flatMap(({ path, schema }) =>
    (schema['x-kubernetes-validations'] ?? []).map(({ message }) => `${path}: ${message}`),
  );
  expect(rejections.map(({ path, message }) => `${path}: ${message}`).toSorted()).toEqual(rules.toSorted());
});
