import { describe, expect, it } from 'vitest';
import { type Feature, features, requireFeatures } from '../../../src/api/jobs/features.ts';
import { CodedError } from '../../../src/errors/coded-error.ts';
import type { RenderJobSpec } from '../../../src/model/job/render-job.ts';

const everything: RenderJobSpec = {
  inputs: [
    { name: 'a', s3: { bucket: 'films', key: 'a.mp4' } },
    { name: 'b', pvc: { claimName: 'films', path: 'b.mp4' } },
  ],
  output: { destination: { s3: { bucket: 'out' } } },
  queue: 'team',
  podTemplate: { labels: { a: 'b' } },
};

const rejectedFields = (spec: RenderJobSpec, supported: readonly Feature[], prefix = ''): (string | undefined)[] => {
  try {
    requireFeatures(spec, new Set(supported), prefix);
    return [];
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'UNSUPPORTED') throw error;
    return error.details.map(({ path }) => path);
  }
};

describe('a field that an installation does not support', () => {
  it('is rejected together with all others, each by its path', () => {
    const fields = ['inputs[0].s3', 'inputs[1].pvc', 'output.destination.s3', 'queue', 'podTemplate'];
    expect(rejectedFields(everything, [], 'spec.')).toEqual(fields.map((field) => `spec.${field}`));
  });

  it('is accepted where its feature is supported', () => {
    expect(rejectedFields(everything, features)).toEqual([]);
  });

  it.each<[Feature, string]>([
    ['s3Sources', 'inputs[0].s3'],
    ['s3Destinations', 'output.destination.s3'],
    ['pvc', 'inputs[1].pvc'],
    ['queue', 'queue'],
    ['podTemplate', 'podTemplate'],
  ])('is rejected when only %s is missing', (feature, field) => {
    expect(
      rejectedFields(
        everything,
        features.filter((one) => one !== feature),
      ),
    ).toEqual([field]);
  });
});
