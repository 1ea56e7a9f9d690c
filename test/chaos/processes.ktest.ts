import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kubeconfigCredentials } from '../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../src/adapters/kubernetes/client/transport.ts';
import { isTerminal } from '../../src/model/status/lifecycle.ts';
import { applyDefinitions, kubectl } from '../cluster/cluster.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane/control-plane.ts';
import { gpuNode } from '../cluster/gpu-node.ts';
import { describeWithPrograms } from '../support/cluster.ts';
import { aResult } from '../support/jobs.ts';
import { inPodOf, manifests } from '../support/service-account.ts';
import { chaosRuns, timeFor } from './chaos-runs.ts';
import { Deployment } from './deployment.ts';
import { isLivePod } from './history.ts';
import { violations } from './invariants.ts';
import { failure } from './job-lives.ts';
import { Recorder } from './recorder.ts';

const node = 'chaos-processes';
const jobs = 40;
const etcdPauseMs = 10_000;
/** How workers end, and what becomes of their jobs then. */
const endings = [
  { code: 0, message: JSON.stringify(aResult()), phase: 'Succeeded' },
  { code: 0, message: JSON.stringify(aResult()), phase: 'Succeeded' },
  { code: 10, message: failure('SOURCE_UNAVAILABLE', 10), phase: 'Failed' },
  { code: 41, message: failure('INPUT_INVALID', 41), phase: 'Failed' },
] as const;

const blow = fc.constantFrom('kill an operator', 'kill the API server', 'pause etcd');
const blows = fc
  .tuple(
    fc.shuffledSubarray(['kill an operator', 'kill an operator', 'kill the API server', 'pause etcd'] as const, {
      minLength: 4,
    }),
    fc.array(blow, { maxLength: 2 }),
    fc.array(fc.integer({ min: 200, max: 4_000 }), { minLength: 6, maxLength: 6 }),
  )
  .map(([first, then, pauses]) => [...first, ...then].map((what, index) => ({ what, after: pauses[index] ?? 1_000 })));

// Operators as processes with the RBAC rules of their ServiceAccount, on a control plane of their own.
describeWithPrograms('cluster', 'when processes are killed', (paths) => {
  const stack = new AsyncDisposableStack();
  let plane: ControlPlane;
  let transport: Transport;
  let environment: Record<string, string>;
  let run: (args: readonly string[], input?: string) => Promise<string>;
  let round = 0;

  beforeAll(async () => {
    plane = stack.use(await startControlPlane(paths));
    const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
    run = (args, input) => kubectl(access, args, input);
    const folder = await mkdtemp(join(tmpdir(), 'framewright-chaos-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await applyDefinitions(access);
    await run(['apply', '-f', join(manifests, 'rbac.yaml')]);
    await run(['apply', '-f', '-'], JSON.stringify(gpuNode(node, { slots: 8 })));
    const pool = {
      name: 'gpu',
      image: 'example.com/worker:1',
      allocation: { type: 'DevicePlugin', resourceName: 'gpu.intel.com/i915' },
    };
    await writeFile(join(folder, 'pools.yaml'), JSON.stringify([pool]));
    environment = {
      ...(await inPodOf(run, plane.kubeconfig, { name: 'framewright-operator', folder })),
      FRAMEWRIGHT_POOLS_FILE: join(folder, 'pools.yaml'),
      FRAMEWRIGHT_OBJECTS_DIR: join(folder, 'objects'),
      FRAMEWRIGHT_LEASE_SECONDS: '5',
      FRAMEWRIGHT_LEASE_RENEW_SECONDS: '3',
      FRAMEWRIGHT_LEASE_RETRY_SECONDS: '1',
    };
    const credentials = await kubeconfigCredentials(plane.kubeconfig);
    transport = stack.use(new Transport(credentials, { userAgent: 'framewright-chaos-recorder' }));
  });
  afterAll(() => stack.disposeAsync());

  async function create(namespace: string, index: number): Promise<void> {
    const { code, message } = endings[index % endings.length] ?? endings[0];
    const annotations = {
      'test.framewright.dev/exit-code': String(code),
      'test.framewright.dev/runs-for': `${(index % 5) * 300}ms`,
      'test.framewright.dev/message': message,
    };
    const spec = {
      inputs: [{ name: 'clip', url: 'https://media.example.com/clip.mp4' }],
      retry: { limit: 1, backoffSeconds: 0.2 },
      podTemplate: { annotations },
    };
    const metadata = { name: `job-${index}`, namespace };
    const job = { apiVersion: 'framewright.dev/v1alpha1', kind: 'RenderJob', metadata, spec };
    // Applied again, it is the same job, even when the answer to the first try was lost.
    for (let tries = 1; ; tries += 1) {
      try {
        await run(['apply', '-f', '-'], JSON.stringify(job));
        return;
      } catch (error) {
        if (tries === 60) throw error;
        await sleep(500);
      }
    }
  }

  async function strike(what: string, operators: Deployment): Promise<void> {
    if (what === 'kill an operator') {
      operators.killOldest();
      return;
    }
    if (what === 'kill the API server') {
      const api = plane.programs.get('kube-apiserver');
      api?.kill('SIGKILL');
      await api?.ended;
      await plane.reviveApi();
      return;
    }
    const etcd = plane.programs.get('etcd');
    etcd?.kill('SIGSTOP');
    await sleep(etcdPauseMs);
    etcd?.kill('SIGCONT');
  }

  it(
    'every job ends as its worker did, once, and then nothing is written any more',
    () =>
      fc.assert(
        fc.asyncProperty(blows, async (planned) => {
          round += 1;
          const namespace = `round-${round}`;
          await run(['create', 'namespace', namespace]);
          await using recorder = await Recorder.start(transport, namespace);
          await using operators = new Deployment(environment, 2);
          const creating = (async () => {
            for (let index = 0; index < jobs; index += 1) await create(namespace, index);
          })();
          for (const { what, after } of planned) {
            await sleep(after);
            await strike(what, operators);
          }
          await creating;
          try {
            const ended = (): boolean => {
              const present = recorder.present('RenderJob');
              return present.length === jobs && present.every(({ status }) => isTerminal(status?.phase));
            };
            await recorder.until('every job to end', ended, 150_000);
            await recorder.until('no worker to be left', () => !recorder.present('Pod').some(isLivePod));
          } catch (error) {
            throw new Error(`${String(error)}\n${operators.ends.join('\n---\n')}`, { cause: error });
          }
          const present = recorder.present('RenderJob');
          const found = new Map(present.map(({ metadata, status }) => [metadata.name, status?.phase]));
          const phases = Array.from({ length: jobs }, (_, index) => endings[index % endings.length]?.phase);
          expect(found).toEqual(new Map(phases.map((phase, index) => [`job-${index}`, phase])));
          await recorder.quiet();
          await recorder.caughtUp();
          const broken = violations(recorder.history, { settled: true });
          expect(broken, broken.join('\n')).toEqual([]);
        }),
        chaosRuns(1),
      ),
    timeFor(1, 240),
  );
});
