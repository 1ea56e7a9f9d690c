import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { kubectl } from '../../../test/cluster/cluster.ts';
import { freePort } from '../../../test/cluster/control-plane/free-port.ts';
import { startGuard } from '../../../test/cluster/control-plane/guard.ts';
import { startProgram } from '../../../test/cluster/control-plane/program.ts';
import { moduleFolder } from '../../../test/cluster/set-up/programs.ts';
import { setUpPrograms } from '../../../test/cluster/set-up/set-up.ts';
import { runTool } from '../run-tool.ts';
import type { BenchCluster } from './bench-cluster.ts';

/** The JobSet controller as its module builds it, with its own settings. */
export interface JobSetProcess extends AsyncDisposable {
  readonly pid: number;
  readonly startedAt: number;
}

/** Serves JobSets in a cluster, with the definition that its module carries. Its webhooks are not put in the way. */
export async function applyJobSetDefinition({ access }: BenchCluster): Promise<void> {
  // The folder of the module, downloaded when the program was built.
  const query = ['-C', moduleFolder('jobset'), 'list', '-mod=readonly', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/jobset'];
  const { stdout } = await runTool('go', query);
  const file = join(stdout.trim(), 'config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml');
  await kubectl(access, ['apply', '--server-side', '-f', file]);
  const deadline = Date.now() + 60_000;
  // It is rejected immediately while the definition has no condition yet.
  while (!(await kubectl(access, ['wait', '--for=condition=Established', '-f', file]).then(Boolean, () => false))) {
    if (Date.now() > deadline) throw new Error('Expected JobSets to be served within a minute');
    await sleep(200);
  }
}

/** Starts it and waits until it says that it is ready. */
export async function startJobSet({ plane }: BenchCluster, folder: string): Promise<JobSetProcess> {
  const programs = await setUpPrograms('jobset');
  if (programs.absent !== undefined) throw new Error(`Expected the JobSet controller: ${programs.absent}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tls.crt'), plane.certificate.cert);
  await writeFile(join(folder, 'tls.key'), plane.certificate.key, { mode: 0o600 });
  const [health, webhook] = [await freePort(), await freePort()];
  // JSON is YAML. Ports of its own, no election to wait for; everything that bears on its speed is its default.
  const settings = {
    apiVersion: 'config.jobset.x-k8s.io/v1alpha1',
    kind: 'Configuration',
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    webhook: { host: '127.0.0.1', port: webhook, certDir: folder },
    metrics: { bindAddress: '0' },
    health: { healthProbeBindAddress: `127.0.0.1:${health}` },
  };
  const file = join(folder, 'jobset.yaml');
  await writeFile(file, JSON.stringify(settings));
  await using starting = new AsyncDisposableStack();
  const guard = starting.use(startGuard(join(folder, 'guarded')));
  const startedAt = Date.now();
  const args = [`--kubeconfig=${plane.kubeconfig}`, `--config=${file}`];
  const program = startProgram(programs.paths['jobset'] ?? '', args, { guard, folder });
  starting.defer(() => program.stop());
  const ready = async (): Promise<boolean> => (await request(`http://127.0.0.1:${health}/readyz`)).statusCode === 200;
  while (!(await ready().catch(() => false))) {
    if (!program.running()) throw new Error(`Expected the JobSet controller to run, it ended:\n${await program.log()}`);
    if (Date.now() - startedAt > 60_000) throw new Error(`Expected JobSet to be ready:\n${await program.log()}`);
    await sleep(50);
  }
  const started = starting.move();
  return { pid: program.pid, startedAt, [Symbol.asyncDispose]: () => started.disposeAsync() };
}
