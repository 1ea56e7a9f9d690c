import { describe, expect, it } from 'vitest';
import { stageVolumes } from '../../../../src/adapters/kubernetes/stages/stage-volumes.ts';
import type { StageSpec } from '../../../../src/model/job/stage.ts';
import { stageOf } from '../../../support/worker-harness.ts';

const s3 = (credentialsSecret?: string): NonNullable<StageSpec['inputs'][0]['s3']> => ({
  bucket: 'films',
  key: 'a.mp4',
  ...(credentialsSecret !== undefined && { credentialsSecret }),
});

describe('the volumes of a stage', () => {
  it('are none for a stage that names no claim', () => {
    expect(stageVolumes(stageOf(), {})).toEqual({ volumes: [], volumeMounts: [], env: [] });
  });

  it('are the claims of its inputs, each once and read-only', () => {
    const inputs = ['films', 'music', 'films'].map((claimName, index) => ({
      name: `i${index}`,
      pvc: { claimName, path: 'a.mp4' },
    }));
    expect(stageVolumes(stageOf({ inputs }), {})).toEqual({
      volumes: [
        { name: 'claim-0', persistentVolumeClaim: { claimName: 'films' } },
        { name: 'claim-1', persistentVolumeClaim: { claimName: 'music' } },
      ],
      volumeMounts: [
        { name: 'claim-0', mountPath: '/volumes/inputs/films', readOnly: true },
        { name: 'claim-1', mountPath: '/volumes/inputs/music', readOnly: true },
      ],
      env: [{ name: 'FRAMEWRIGHT_VOLUMES_DIR', value: '/volumes' }],
    });
  });

  it('mount a claim that is read and written twice, so that inputs cannot be written to', () => {
    const stage = stageOf({
      inputs: [{ name: 'main', pvc: { claimName: 'films', path: 'a.mp4' } }],
      output: { destination: { pvc: { claimName: 'films', path: 'out' } } },
    });
    const { volumes, volumeMounts } = stageVolumes(stage, {});
    expect(volumes).toHaveLength(1);
    expect(volumeMounts).toEqual([
      { name: 'claim-0', mountPath: '/volumes/inputs/films', readOnly: true },
      { name: 'claim-0', mountPath: '/volumes/outputs/films' },
    ]);
  });

  it('include the claim of the object store at its folder', () => {
    const pool = { objectsVolume: { claimName: 'objects', mountPath: '/data/objects' } };
    expect(stageVolumes(stageOf(), pool)).toEqual({
      volumes: [{ name: 'claim-0', persistentVolumeClaim: { claimName: 'objects' } }],
      volumeMounts: [{ name: 'claim-0', mountPath: '/data/objects' }],
      env: [],
    });
  });

  it('have valid names, however long those of the claims are', () => {
    const claimName = `${'a'.repeat(200)}.${'b'.repeat(50)}`;
    const { volumes } = stageVolumes(stageOf({ inputs: [{ name: 'main', pvc: { claimName, path: 'a' } }] }), {});
    expect(volumes[0]?.name).toMatch(/^[a-z0-9-]{1,63}$/);
  });

  it('come with the credentials of Secrets by reference, numbered in the order of the spec', () => {
    const stage = stageOf({
      inputs: [
        { name: 'a', s3: s3() },
        { name: 'b', s3: s3('one') },
      ],
      output: { destination: { s3: { bucket: 'out', credentialsSecret: 'two' } } },
    });
    const reference = (name: string, key: string): object => ({ secretKeyRef: { name, key } });
    expect(stageVolumes(stage, {}).env).toEqual([
      { name: 'FRAMEWRIGHT_S3_SECRET_0_ACCESS_KEY_ID', valueFrom: reference('one', 'accessKeyId') },
      { name: 'FRAMEWRIGHT_S3_SECRET_0_SECRET_ACCESS_KEY', valueFrom: reference('one', 'secretAccessKey') },
      { name: 'FRAMEWRIGHT_S3_SECRET_1_ACCESS_KEY_ID', valueFrom: reference('two', 'accessKeyId') },
      { name: 'FRAMEWRIGHT_S3_SECRET_1_SECRET_ACCESS_KEY', valueFrom: reference('two', 'secretAccessKey') },
    ]);
  });
});
