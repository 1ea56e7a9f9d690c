import type { TestProject } from 'vitest/node';
import { type ClusterOrReason, openCluster } from './cluster.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { neededPrograms } from './needed-kits.ts';
import type { Kit } from './set-up/programs.ts';
import { type Programs, setUpPrograms } from './set-up/set-up.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly cluster: ClusterOrReason;
    readonly clusterPrograms: Programs;
    readonly natsPrograms: Programs;
    readonly s3Programs: Programs;
  }
}

/** Why programs are absent that `neededPrograms` did not find in the chosen files: a test that uses them fails. */
const notPrepared = {
  absent: 'not prepared: neededPrograms found no use of it in the chosen test files',
  failing: true,
};

let shared: ControlPlane | undefined;

/**
 * Once per run and before its first test, so that no time limit of a test covers a build: minutes, where nothing is cached.
 * Only what the chosen test files use is built and started. Does not run when no `*.ktest.ts` is chosen.
 */
export async function setup(project: TestProject): Promise<void> {
  const { kits, sharedCluster } = await neededPrograms(project.vitest.state.getPaths());
  const prepare = (kit: Kit): Promise<Programs> => (kits.has(kit) ? setUpPrograms(kit) : Promise.resolve(notPrepared));
  const programs = await prepare('cluster');
  project.provide('clusterPrograms', programs);
  project.provide('natsPrograms', await prepare('nats'));
  project.provide('s3Programs', await prepare('s3'));
  const { cluster, plane } = sharedCluster ? await openCluster(programs) : { cluster: notPrepared, plane: undefined };
  shared = plane;
  project.provide('cluster', cluster);
}

export async function teardown(): Promise<void> {
  await shared?.[Symbol.asyncDispose]();
}
