import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { runTool } from '../run-tool.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { namespace } from './bodies.ts';
import { clusterEnvironment, program } from './operator-process.ts';

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
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'api'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 10_000) output += text;
      const url = /listening on (http:\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
  }
  void ended.then(() => reject(new Error(`Expected framewright api to start, it ended:\n${output}`)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(late);
  };
  return { url: await promise, key, [Symbol.asyncDispose]: stop };
}
