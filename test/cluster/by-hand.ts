// npm run cluster: a control plane, a NATS server and an S3 server that stay until Ctrl-C, to try things by hand.
import { once } from 'node:events';
import { dirname } from 'node:path';
import { kubectl, openCluster } from './cluster.ts';
import { gpuNode } from './gpu-node.ts';
import { startNatsServer } from './services/nats-server.ts';
import { startS3Server } from './services/s3-server.ts';
import type { Kit } from './set-up/programs.ts';
import { setUpPrograms } from './set-up/set-up.ts';

async function programs(kit: Kit): Promise<Readonly<Record<string, string>>> {
  const found = await setUpPrograms(kit);
  if (found.absent !== undefined)
    throw new Error(`Expected the programs of ${kit}, but they are missing: ${found.absent}`);
  return found.paths;
}

const paths = await programs('cluster');
const nats = await programs('nats');
const s3 = await programs('s3');

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

await using stack = new AsyncDisposableStack();
const { plane, cluster } = await openCluster({ paths });
if (plane !== undefined) stack.use(plane);
if (cluster.absent !== undefined) throw new Error(cluster.absent);
await kubectl(cluster.access, ['apply', '-f', '-'], JSON.stringify(gpuNode('gpu-0')));
const bus = stack.use(await startNatsServer(nats['nats-server'] ?? ''));
const store = stack.use(await startS3Server(s3['versitygw'] ?? ''));

console.log(`
export KUBECONFIG=${cluster.access.kubeconfig}
export PATH=${dirname(cluster.access.kubectl)}:$PATH
export NATS_URL=${bus.url}
export AWS_ENDPOINT_URL=${store.endpoint} AWS_REGION=${store.region}
export AWS_ACCESS_KEY_ID=${store.accessKeyId} AWS_SECRET_ACCESS_KEY=${store.secretAccessKey}

kwok plays the node gpu-0 with 8 Intel GPU slots; test/cluster/README.md describes how a pod sets its end.
Ctrl-C ends everything and removes its data.`);
if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort');
