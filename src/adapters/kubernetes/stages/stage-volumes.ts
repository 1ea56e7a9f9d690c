import type { StageSpec } from '../../../model/job/stage.ts';
import { secretVariables, volumeFolders, workerEnvironment } from '../../../worker-protocol/environment.ts';
import { claimsRead, claimWritten, secretsOf } from '../../../worker-protocol/stage-access.ts';
import type { EnvironmentVariable, Pool } from '../pools/pool.ts';

const volumesDir = '/volumes';

interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim: { readonly claimName: string };
}

interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: true;
}

interface StageVolumes {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly env: readonly EnvironmentVariable[];
}

/**
 * The volumes and Secrets of the pod of a stage: the claims and Secrets that its spec names, and the claim of the object
 * store, all in the job's namespace. A claim that is read and written is mounted twice: a worker can never write to an
 * input.
 */
export function stageVolumes(stage: StageSpec, { objectsVolume }: Pick<Pool, 'objectsVolume'>): StageVolumes {
  const read = claimsRead(stage);
  const written = claimWritten(stage);
  const claims = [...new Set([...read, written, objectsVolume?.claimName].filter((name) => name !== undefined))];
  // Names of claims may be longer than names of volumes.
  const nameOf = (claimName: string): string => `claim-${claims.indexOf(claimName)}`;
  const secrets = secretsOf(stage);
  return {
    volumes: claims.map((claimName) => ({ name: nameOf(claimName), persistentVolumeClaim: { claimName } })),
    volumeMounts: [
      ...read.map((claim) => ({
        name: nameOf(claim),
        mountPath: `${volumesDir}/${volumeFolders.inputs}/${claim}`,
        readOnly: true as const,
      })),
      ...(written === undefined
        ? []
        : [{ name: nameOf(written), mountPath: `${volumesDir}/${volumeFolders.outputs}/${written}` }]),
      ...(objectsVolume === undefined
        ? []
        : [{ name: nameOf(objectsVolume.claimName), mountPath: objectsVolume.mountPath }]),
    ],
    env: [
      ...(read.length > 0 || written !== undefined ? [{ name: workerEnvironment.volumesDir, value: volumesDir }] : []),
      ...secrets.flatMap((name, index) => credentialsOf(name, index)),
    ],
  };
}

/** References only: the spec of a pod, which many may read, contains no secret. */
function credentialsOf(name: string, index: number): EnvironmentVariable[] {
  const names = secretVariables(index);
  return [
    { name: names.accessKeyId, valueFrom: { secretKeyRef: { name, key: 'accessKeyId' } } },
    { name: names.secretAccessKey, valueFrom: { secretKeyRef: { name, key: 'secretAccessKey' } } },
  ];
}
