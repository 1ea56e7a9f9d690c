import { describe, expect, it } from 'vitest';
import {
  acceptRenderJob,
  renderJobBody,
  renderJobPath,
} from '../../../../src/adapters/kubernetes/jobs/render-job-object.ts';
import { renderJob } from '../../../../src/model/job/render-job.ts';
import { finalizers } from '../../../../src/model/labels.ts';
import { newJob, statusIn, trimSpec } from '../../../contract/support.ts';

const metadata = {
  name: 'a',
  namespace: 'media',
  uid: 'u',
  resourceVersion: '7',
  generation: 2,
  creationTimestamp: '2026-03-01T12:00:00Z',
  labels: { team: 'x' },
  annotations: { note: 'kept', 'framewright.dev/created': '1772366400345000' },
  finalizers: [finalizers.cleanup],
  managedFields: [{ manager: 'kubectl' }],
  ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'o' }],
};

describe('a RenderJob of the API', () => {
  it('becomes one of the model, without other metadata', () => {
    const accepted = acceptRenderJob({
      apiVersion: 'any',
      kind: 'any',
      metadata,
      spec: trimSpec,
      status: statusIn('Running'),
    });
    expect(accepted?.job).toEqual({
      apiVersion: 'framewright.dev/v1alpha1',
      kind: 'RenderJob',
      metadata: {
        name: 'a',
        namespace: 'media',
        uid: 'u',
        resourceVersion: '7',
        generation: 2,
        creationTimestamp: '2026-03-01T12:00:00.345Z',
        labels: { team: 'x' },
        annotations: { note: 'kept' },
      },
      spec: trimSpec,
      status: statusIn('Running'),
    });
    expect(renderJob.parse(accepted?.job)).toEqual(accepted?.job);
    expect(accepted?.metadata).toEqual(expect.objectContaining({ finalizers: [finalizers.cleanup], uid: 'u' }));
    expect(accepted?.metadata).not.toHaveProperty('managedFields');
  });

  it('has no annotations besides our own, and no status before the first one', () => {
    const ours = { ...metadata, annotations: { 'framewright.dev/created': '1' } };
    const job = acceptRenderJob({ metadata: ours, spec: trimSpec })?.job;
    expect(job?.metadata).not.toHaveProperty('annotations');
    expect(job).not.toHaveProperty('status');
  });

  it.each([
    ['nothing', undefined],
    ['a Status', { kind: 'Status', status: 'Failure' }],
    ['an object without a spec', { metadata }],
    ['an object with an invalid spec', { metadata, spec: 'text' }],
    ['an object of no namespace', { metadata: { ...metadata, namespace: undefined }, spec: {} }],
  ])('is not read from %s', (_case, value) => {
    expect(acceptRenderJob(value)).toBeUndefined();
  });
});

it('a new job has the cleanup finalizer and its time of creation', () => {
  expect(renderJobBody(newJob('a', { annotations: { note: 'x' } }), '1')).toMatchObject({
    metadata: { finalizers: [finalizers.cleanup], annotations: { note: 'x', 'framewright.dev/created': '1' } },
    spec: trimSpec,
  });
});

it('a name is encoded in its path', () => {
  expect(renderJobPath({ namespace: '../../api', name: 'a?b/c' })).toBe(
    '/apis/framewright.dev/v1alpha1/namespaces/..%2F..%2Fapi/renderjobs/a%3Fb%2Fc',
  );
});
