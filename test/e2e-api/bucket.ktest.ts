import { describeWithPrograms } from '../support/cluster.ts';
import { clusterWorld } from './cluster-world.ts';
import { sharedApi } from './shared-suite.ts';

// Uploads, outputs and reports in a bucket: replies have presigned URLs, and nothing else is different.
describeWithPrograms('cluster', 'REST on Kubernetes, with files in a bucket', (programs) => {
  describeWithPrograms('nats', 'and live progress', (nats) => {
    describeWithPrograms('s3', 'of a real S3 server', (s3) => {
      sharedApi('a cluster', () => clusterWorld(programs, nats['nats-server'] ?? '', s3['versitygw'] ?? ''));
    });
  });
});
