import type { TestProject } from 'vitest/node';
import { type ClusterOrReason, openCluster } from './cluster.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { type Programs, setUpPrograms } from './set-up/set-up.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly cluster: ClusterOrReason;
    readonly clusterPrograms: Programs;
    readonly natsPrograms: Programs;
    readonly s3Programs: Programs;
  }
}

let shared: ControlPlane | undefined;

/** Once per run and before its first test, so that no test's time limit covers a build: minutes, where nothing is cached. */
export async function setup(project: TestProject): Promise<void> {
  const programs = await setUpPrograms('cluster');
  project.provide('clusterPrograms', programs);
  project.provide('natsPrograms', await setUpPrograms('nats'));
  project.provide('s3Programs', await setUpPrograms('s3'));
  const { cluster, plane } = await openCluster(programs);
  shared = plane;
  project.provide('cluster', cluster);
}

export async function teardown(): Promise<void> {
  await shared?.[Symbol.asyncDispose]();
}
