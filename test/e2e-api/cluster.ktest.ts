import { describeWithPrograms } from '../support/cluster.ts';
import { type ClusterWorld, clusterWorld } from './cluster-world.ts';
import { kubernetesSuite } from './kubernetes-suite.ts';
import { sharedApi } from './shared-suite.ts';

describeWithPrograms('cluster', 'REST on Kubernetes', (programs) => {
  describeWithPrograms('nats', 'with live progress', (nats) => {
    let world: ClusterWorld;
    const open = async (): Promise<ClusterWorld> => {
      world = await clusterWorld(programs, nats['nats-server'] ?? '');
      return world;
    };
    sharedApi('a cluster', open, (scene) => kubernetesSuite(scene, () => world));
  });
});
