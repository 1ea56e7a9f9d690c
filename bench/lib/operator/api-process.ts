import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { runTool } from '../run-tool.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { namespace } from './bodies.ts';
import { clusterEnvironment } from './operator-process.ts';
import { program, startServer } from './server-child.ts';

/** `framewright api` as it is shipped, in a process of its own. */
export interface ApiProcess extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
}

const made = z.object({ key: z.string() });

/** Starts it with a key for the namespace of the benchmarks, and waits until it listens. */
export async function startApi(
  cluster: BenchCluster,
  options: { readonly folder: string; readonly natsUrl: string },
): Promise<ApiProcess> {
  const where = ['--kubeconfig', cluster.plane.kubeconfig, '--keys-namespace', namespace];
  const who = ['--owner', 'bench', '--role', 'admin', '--namespace', namespace, '--json'];
  const { stdout } = await runTool(process.execPath, [program, 'keys', 'create', ...who, ...where]);
  const { key } = made.parse(JSON.parse(stdout));
  const env = {
    ...(await clusterEnvironment(cluster, options)),
    FRAMEWRIGHT_HOST: '127.0.0.1',
    FRAMEWRIGHT_PORT: '0',
    FRAMEWRIGHT_MAX_STREAMS_PER_KEY: '1000',
  };
  await using starting = new AsyncDisposableStack();
  const child = starting.use(startServer('api', { env, folder: options.folder }));
  const deadline = Date.now() + 120_000;
  for (let url = child.url(); ; url = child.url()) {
    if (url !== undefined) {
      const started = starting.move();
      return { url, key, [Symbol.asyncDispose]: () => started.disposeAsync() };
    }
    if (!child.running() || Date.now() > deadline) {
      throw new Error(`Expected framewright api to listen within two minutes, it said:\n${child.output()}`);
    }
    await sleep(20);
  }
}
