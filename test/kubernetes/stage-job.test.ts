import { describe, expect, it } from 'vitest';
import type { Pool } from '../../src/kubernetes/pool.ts';
import { stageJob } from '../../src/kubernetes/stage-job.ts';
import { acceptStageJob } from '../../src/kubernetes/stage-objects.ts';
import { identityOf, stageOf } from '../contract/stage-runner-harness.ts';

const resourceName = 'gpu.intel.com/i915';
const pool: Pool = { name: 'gpu', image: 'worker:1', allocation: { type: 'DevicePlugin', resourceName } };
const stage = stageOf('succeed', identityOf('u', 3));
const options = { graceSeconds: 20, timeoutSlackSeconds: 30 };
const container = (more: object) => ({ spec: { template: { spec: { containers: [expect.objectContaining(more)] } } } });

describe('the Job of a stage', () => {
  it('runs one pod and never another', () => {
    expect(stageJob(stage, pool, options)).toMatchObject({
      metadata: { name: 'job-u-3-render', namespace: 'media' },
      spec: {
        completions: 1,
        parallelism: 1,
        backoffLimit: 0,
        podReplacementPolicy: 'Failed',
        template: { spec: { restartPolicy: 'Never', activeDeadlineSeconds: 630, terminationGracePeriodSeconds: 20 } },
      },
    });
  });

  it('belongs to its RenderJob, and is found again by what it says', () => {
    const job = stageJob(stage, pool, options);
    expect(job).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'RenderJob', name: 'job-u', uid: 'u', controller: true }] },
    });
    const metadata = 'metadata' in job && typeof job.metadata === 'object' ? job.metadata : {};
    expect(acceptStageJob({ ...job, metadata: { ...metadata, uid: 'j', resourceVersion: '1' } })).toMatchObject({
      identity: stage.identity,
      owner: 'u',
      pool: 'gpu',
    });
  });

  it('asks for one GPU, whatever the job asks for besides', () => {
    const podTemplate = { limits: { [resourceName]: '4', memory: '8Gi' }, requests: { cpu: '2' } };
    const resources = { limits: { [resourceName]: '1', memory: '8Gi' }, requests: { [resourceName]: '1', cpu: '2' } };
    expect(stageJob(stage, pool, { ...options, podTemplate })).toMatchObject(container({ resources }));
  });

  it('asks for no GPU in a pool without any, and for a claim where devices are claimed', () => {
    const none = stageJob(stage, { ...pool, allocation: { type: 'None' }, maxConcurrent: 1 }, options);
    expect(none).toMatchObject(container({ resources: { limits: {}, requests: {} } }));
    const claimed = stageJob(
      stage,
      { ...pool, allocation: { type: 'DRA', claimTemplate: 'intel' }, maxConcurrent: 1 },
      options,
    );
    expect(claimed).toMatchObject({
      spec: { template: { spec: { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'intel' }] } } },
    });
    expect(claimed).toMatchObject(container({ resources: { limits: {}, requests: {}, claims: [{ name: 'gpu' }] } }));
  });

  it('takes nothing from a job that would let it pass for another one, or leave its pool', () => {
    const podTemplate = {
      labels: { 'framewright.dev/uid': 'other', team: 'x' },
      nodeSelector: { gpu: 'none', disk: 'ssd' },
    };
    expect(stageJob(stage, { ...pool, nodeSelector: { gpu: 'intel' } }, { ...options, podTemplate })).toMatchObject({
      spec: {
        template: {
          metadata: { labels: { 'framewright.dev/uid': 'u', team: 'x' } },
          spec: { nodeSelector: { gpu: 'intel', disk: 'ssd' } },
        },
      },
    });
  });

  it('tells its worker what to do in one variable, which has a largest size', () => {
    const env = expect.arrayContaining([{ name: 'FRAMEWRIGHT_STAGE', value: JSON.stringify(stage) }]) as unknown;
    expect(stageJob(stage, pool, options)).toMatchObject(container({ env }));
    const inputs = Array.from({ length: 70 }, (_, index) => ({ name: `i${index}`, file: 'x'.repeat(1000) }));
    expect(() => stageJob({ ...stage, inputs }, pool, options)).toThrow(/Expected a stage of at most 65536 bytes/);
  });
});

describe('a Job that only looks like ours', () => {
  const metadata = { name: 'a', namespace: 'n', uid: 'j', resourceVersion: '1' };
  const labels = {
    'framewright.dev/job': 'a',
    'framewright.dev/uid': 'u',
    'framewright.dev/attempt': '1',
    'framewright.dev/stage': 'render',
  };

  it.each(['framewright.dev/job', 'framewright.dev/uid', 'framewright.dev/attempt', 'framewright.dev/stage'])(
    'lacks the label %s',
    (missing) => {
      expect(acceptStageJob({ metadata: { ...metadata, labels } })).toBeDefined();
      expect(
        acceptStageJob({ metadata: { ...metadata, labels: { ...labels, [missing]: undefined } } }),
      ).toBeUndefined();
    },
  );

  it.each(['0', '-1', '1.5', 'one', '99999999999'])('has the attempt %j', (attempt) => {
    expect(
      acceptStageJob({ metadata: { ...metadata, labels: { ...labels, 'framewright.dev/attempt': attempt } } }),
    ).toBeUndefined();
  });
});
