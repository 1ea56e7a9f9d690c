import { describe, expect, it } from 'vitest';
import type { Pool } from '../../../../src/adapters/kubernetes/pools/pool.ts';
import { stageJob } from '../../../../src/adapters/kubernetes/stages/stage-job.ts';
import { acceptStageJob } from '../../../../src/adapters/kubernetes/stages/stage-objects.ts';
import { identityOf, stageOf } from '../../../contract/stage-runner-harness.ts';

const resourceName = 'gpu.intel.com/i915';
const pool: Pool = { name: 'gpu', image: 'worker:1', allocation: { type: 'DevicePlugin', resourceName } };
const stage = stageOf('succeed', identityOf('u', 3));
const options = { graceSeconds: 20, timeoutSlackSeconds: 30 };
const container = (more: object) => ({ spec: { template: { spec: { containers: [expect.objectContaining(more)] } } } });

describe('the Job of a stage', () => {
  it('runs exactly one pod', () => {
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

  it('belongs to its RenderJob, and is read back from its labels', () => {
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

  it('requests one GPU, whatever else the job requests', () => {
    const podTemplate = { limits: { [resourceName]: '4', memory: '8Gi' }, requests: { cpu: '2' } };
    const resources = { limits: { [resourceName]: '1', memory: '8Gi' }, requests: { [resourceName]: '1', cpu: '2' } };
    expect(stageJob(stage, pool, { ...options, podTemplate })).toMatchObject(container({ resources }));
  });

  it('requests no GPU in a pool without any, and a claim where devices are claimed', () => {
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

  it('ignores settings of a job with which it would pass for another one, or leave its pool', () => {
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

  it('shows in its condition why it failed, and never ignores a failure', () => {
    const rules = [
      { action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      {
        action: 'FailJob',
        onExitCodes: { containerName: 'worker', operator: 'In', values: [40, 41, 42, 43, 44, 45, 46, 48, 49] },
      },
    ];
    expect(stageJob(stage, pool, options)).toMatchObject({ spec: { podFailurePolicy: { rules } } });
  });

  it('is started by Kueue when it has a queue, and by default otherwise', () => {
    const queued = stageJob(stage, pool, { ...options, queue: 'films' });
    expect(queued).toMatchObject({
      metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'films' } },
      spec: { suspend: true },
    });
    const own = stageJob(stage, pool, options);
    expect('spec' in own ? own.spec : {}).not.toHaveProperty('suspend');
  });

  it('has the owner as a label, on the pod too', () => {
    const labels = expect.objectContaining({ 'framewright.dev/owner': 'ann' }) as unknown;
    expect(stageJob(stage, pool, { ...options, owner: 'ann' })).toMatchObject({
      metadata: { labels },
      spec: { template: { metadata: { labels } } },
    });
  });

  it('prefers other nodes than those of failed attempts', () => {
    const preference = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['a', 'b'] }] };
    expect(stageJob(stage, pool, { ...options, avoidNodes: ['a', 'b'] })).toMatchObject({
      spec: {
        template: {
          spec: {
            affinity: {
              nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference }] },
            },
          },
        },
      },
    });
  });

  it('takes neither devices nor keys of other controllers from a job', () => {
    const podTemplate = {
      limits: { 'gpu.intel.com/xe': '8', memory: '1Gi' },
      labels: { 'kueue.x-k8s.io/queue-name': 'mine', team: 'x' },
      annotations: { 'batch.kubernetes.io/job-completion-index': '1', note: 'y' },
    };
    const made = JSON.stringify(stageJob(stage, pool, { ...options, podTemplate }));
    for (const word of ['gpu.intel.com/xe', 'queue-name', 'completion-index']) expect(made).not.toContain(word);
    for (const word of ['"memory":"1Gi"', '"team":"x"', '"note":"y"']) expect(made).toContain(word);
  });

  it('passes the stage to its worker in one variable of limited size', () => {
    const env = expect.arrayContaining([{ name: 'FRAMEWRIGHT_STAGE', value: JSON.stringify(stage) }]) as unknown;
    expect(stageJob(stage, pool, options)).toMatchObject(container({ env }));
    const inputs = Array.from({ length: 70 }, (_, index) => ({ name: `i${index}`, file: 'x'.repeat(1000) }));
    expect(() => stageJob({ ...stage, inputs }, pool, options)).toThrow(/Expected a stage of at most 65536 bytes/);
  });

  it('passes its own variables to its worker, overriding those of the pool', () => {
    const said = {
      ...pool,
      environment: [
        { name: 'A', value: 'pool' },
        { name: 'B', value: 'pool' },
      ],
    };
    const text = JSON.stringify(stageJob(stage, said, { ...options, environment: [{ name: 'A', value: 'stage' }] }));
    const variables = text.match(/\{"name":"[AB]","value":"\w+"\}/g)?.map((one): unknown => JSON.parse(one));
    expect(variables).toEqual([
      { name: 'B', value: 'pool' },
      { name: 'A', value: 'stage' },
    ]);
  });
});

describe('a foreign Job with some of our labels', () => {
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
