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

const refused = (spec: RenderJobSpec, offered: readonly Feature[], prefix = ''): (string | undefined)[] => {
  try {
    requireFeatures(spec, new Set(offered), prefix);
    return [];
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'UNSUPPORTED') throw error;
    return error.details.map(({ path }) => path);
  }
};

describe('what an installation does not offer', () => {
  it('is refused all at once, each field by its name', () => {
    const fields = ['inputs[0].s3', 'inputs[1].pvc', 'output.destination.s3', 'queue', 'podTemplate'];
    expect(refused(everything, [], 'spec.')).toEqual(fields.map((field) => `spec.${field}`));
  });

  it('is taken where it is offered', () => {
    expect(refused(everything, features)).toEqual([]);
  });

  it.each<[Feature, string]>([
    ['s3Sources', 'inputs[0].s3'],
    ['s3Destinations', 'output.destination.s3'],
    ['pvc', 'inputs[1].pvc'],
    ['queue', 'queue'],
    ['podTemplate', 'podTemplate'],
  ])('is refused without %s alone', (offer, field) => {
    expect(
      refused(
        everything,
        features.filter((one) => one !== offer),
      ),
    ).toEqual([field]);
  });
});
