import { expect, it } from 'vitest';
import { stageJob } from '../../../../src/adapters/kubernetes/stages/stage-job.ts';
import { describeOnCluster } from '../../../support/cluster.ts';
import { stageOf } from '../../../support/worker-harness.ts';

describeOnCluster('the Job of a stage that names claims and Secrets', ({ namespace, run }) => {
  it('is accepted by the API server, with claim names of the maximum length', async () => {
    const name = await namespace();
    const claimName = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}`;
    const stage = stageOf({
      identity: {
        namespace: name,
        name: 'job',
        uid: '7f1d7e0e-0000-4000-8000-000000000000',
        attempt: 1,
        stage: 'render',
      },
      inputs: [
        { name: 'a', pvc: { claimName, path: 'a.mp4' } },
        { name: 'b', s3: { bucket: 'films', key: 'b.mp4', credentialsSecret: 'ann' } },
      ],
      output: { destination: { pvc: { claimName, path: 'cuts' } } },
    });
    const pool = {
      name: 'cpu',
      image: 'worker',
      allocation: { type: 'None' as const },
      objectsVolume: { claimName: 'objects', mountPath: '/objects' },
    };
    const job = stageJob(stage, pool, { graceSeconds: 30, timeoutSlackSeconds: 30 });
    const taken = await run(['create', '--dry-run=server', '-o', 'json', '-f', '-'], JSON.stringify(job));
    expect(JSON.parse(taken)).toMatchObject({
      spec: {
        template: {
          spec: {
            volumes: [
              { name: 'scratch' },
              { persistentVolumeClaim: { claimName } },
              { persistentVolumeClaim: { claimName: 'objects' } },
            ],
            containers: [
              {
                volumeMounts: [
                  { mountPath: '/scratch' },
                  { mountPath: `/volumes/inputs/${claimName}`, readOnly: true },
                  { mountPath: `/volumes/outputs/${claimName}` },
                  { mountPath: '/objects' },
                ],
              },
            ],
          },
        },
      },
    });
  });
});
