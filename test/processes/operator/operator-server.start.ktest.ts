import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { applyDefinitions, kubectl, untilRenderJobsMayOwn } from '../../cluster/cluster.ts';
import { startControlPlane } from '../../cluster/control-plane/control-plane.ts';
import { freePort } from '../../cluster/control-plane/free-port.ts';
import { describeWithPrograms, type TestCluster } from '../../support/cluster.ts';
import { OperatorProcess } from '../../support/operator-process.ts';
import { inPodOf, manifests } from '../../support/service-account.ts';

const patience = { timeout: 60_000, interval: 50 };
const cpuPool = '- {name: cpu, image: worker, allocation: {type: None}, maxConcurrent: 1}';
const gpuPool = '- {name: gpu, image: worker, allocation: {type: DevicePlugin, resourceName: gpu.intel.com/i915}}';

const Deployments = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      spec: z.object({ template: z.object({ spec: z.looseObject({}) }) }),
    }),
  ),
});

// Nothing renders here: the start has to fail before that.
describeWithPrograms('cluster', 'a framewright operator that cannot start', (paths) => {
  const stack = new AsyncDisposableStack();
  let folder = '';
  let run: TestCluster['run'];
  let define: () => Promise<void>;
  let ownable: () => Promise<void>;
  let enough: Record<string, string>;
  let stranger: Record<string, string>;
  let pod: (namespace: string, name: string) => Promise<Record<string, string>>;

  beforeAll(async () => {
    const plane = stack.use(await startControlPlane(paths, { pods: false }));
    const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
    run = (args, input) => kubectl(access, args, input);
    define = () => applyDefinitions(access);
    ownable = () => untilRenderJobsMayOwn(access);
    folder = await mkdtemp(join(tmpdir(), 'framewright-operator-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await run(['apply', '-f', join(manifests, 'rbac.yaml')]);
    await mkdir(join(folder, 'objects'));
    await writeFile(join(folder, 'pools.yaml'), `${cpuPool}\n${gpuPool}`);
    const common = {
      // Earlier ones are killed and do not release the lease.
      FRAMEWRIGHT_LEASE_SECONDS: '3',
      FRAMEWRIGHT_LEASE_RENEW_SECONDS: '2',
      FRAMEWRIGHT_LEASE_RETRY_SECONDS: '1',
      FRAMEWRIGHT_POOLS_FILE: join(folder, 'pools.yaml'),
      FRAMEWRIGHT_OBJECTS_DIR: join(folder, 'objects'),
    };
    pod = (namespace, name) => inPodOf(run, plane.kubeconfig, { namespace, name, folder });
    enough = { ...common, ...(await pod('framewright', 'framewright-operator')) };
    stranger = { ...common, ...(await pod('framewright', 'default')) };
  });
  afterAll(() => stack.disposeAsync());

  it('has manifests that the API server accepts, with pods that pass restricted Pod Security', async () => {
    await run(['apply', '-f', manifests]);
    const deployments = Deployments.parse(
      JSON.parse(await run(['get', 'deployments', '-n', 'framewright', '-o', 'json'])),
    );
    expect(deployments.items.map(({ metadata }) => metadata.name)).toEqual(['framewright-api', 'framewright-operator']);
    for (const { metadata, spec } of deployments.items) {
      // A Deployment is accepted with any pod template; the pods themselves would be rejected.
      const single = { apiVersion: 'v1', kind: 'Pod', metadata, spec: spec.template.spec };
      await run(['create', '--dry-run=server', '-f', '-'], JSON.stringify(single));
    }
  });

  describe('reports what was expected, what it got and the remedy, and ends', () => {
    it.each<[string, number, () => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
      [
        'without any setting',
        2,
        () => ({}),
        /FRAMEWRIGHT_KUBECONFIG: expected a kubeconfig.*FRAMEWRIGHT_POOLS_FILE: expected a file.*remedy/s,
      ],
      [
        'with both object stores',
        2,
        () => ({ ...enough, FRAMEWRIGHT_S3_BUCKET: 'renders' }),
        /FRAMEWRIGHT_OBJECTS_DIR: expected either a folder or FRAMEWRIGHT_S3_BUCKET .*, got both/,
      ],
      [
        'without the file of pools',
        2,
        () => ({ ...enough, FRAMEWRIGHT_POOLS_FILE: join(folder, 'none.yaml') }),
        /The pools in .*none.yaml cannot be read: ENOENT.*manifests\/operator\/pools.yaml/s,
      ],
      [
        'with an invalid pool',
        2,
        async () => {
          await writeFile(join(folder, 'wrong.yaml'), '- {name: cpu, image: 7}');
          return { ...enough, FRAMEWRIGHT_POOLS_FILE: join(folder, 'wrong.yaml') };
        },
        /pools\[0\]\.image: .*expected string/,
      ],
      [
        'without the kubeconfig that is set',
        2,
        () => ({ ...enough, FRAMEWRIGHT_KUBECONFIG: join(folder, 'none.kubeconfig') }),
        /Expected a kubeconfig in .*none.kubeconfig, got: .*ENOENT.*--kubeconfig/s,
      ],
      [
        'in a pod without a service account',
        2,
        () => ({ ...enough, FRAMEWRIGHT_SERVICE_ACCOUNT_DIR: join(folder, 'missing') }),
        /Expected the token of a ServiceAccount .*automountServiceAccountToken/s,
      ],
      [
        'without an API server',
        1,
        async () => ({ ...enough, KUBERNETES_SERVICE_PORT: String(await freePort()) }),
        /Expected a Kubernetes API server at https:\/\/127.0.0.1:\d+, got: .*ECONNREFUSED.*kubectl get --raw \/version/s,
      ],
      [
        'with an invalid token',
        1,
        async () => {
          const dir = enough['FRAMEWRIGHT_SERVICE_ACCOUNT_DIR'] ?? '';
          const other = join(folder, 'expired');
          await mkdir(other, { recursive: true });
          for (const file of ['ca.crt', 'namespace']) await copyFile(join(dir, file), join(other, file));
          await writeFile(join(other, 'token'), 'not-a-token');
          return { ...enough, FRAMEWRIGHT_SERVICE_ACCOUNT_DIR: other };
        },
        /Expected https:\S+ to accept the credentials.*Renew the token/s,
      ],
      [
        'without our definitions',
        1,
        async () => {
          await run(['delete', 'crd', '--ignore-not-found', 'renderjobs.framewright.dev']);
          return enough;
        },
        /Expected the cluster to serve renderjobs of framewright.dev\/v1alpha1, but it does not.*`framewright crd \| kubectl apply --server-side -f -`/s,
      ],
    ])('%s', async (_case, code, environment, message) => {
      const end = await OperatorProcess.run(await environment());
      expect(end.output).toMatch(message);
      expect(end.output).toMatch(/remedy: \S/);
      expect(end.code, end.output).toBe(code);
      // The output is for people: no stack trace, and never the token.
      expect(end.output).not.toMatch(/\n\s+at |Bearer|eyJ/);
    });

    it('without an RBAC rule, which it names with the file that grants it', async () => {
      await define();
      const { output, code } = await OperatorProcess.run(stranger);
      expect(code).toBe(1);
      expect(output).toContain('watch renderjobs.framewright.dev in the whole cluster');
      expect(output).toContain('update renderjobs/status.framewright.dev in the whole cluster');
      expect(output).toContain('create leases.coordination.k8s.io in framewright');
      expect(output).toContain('list nodes');
      expect(output).toContain('kubectl apply -f manifests/operator/rbac.yaml');
    });

    it('when its address is in use', async () => {
      await define();
      await using first = await OperatorProcess.start(enough);
      const port = /listening on http:\/\/127.0.0.1:(\d+)/.exec(first.output)?.[1] ?? '';
      const { output, code } = await OperatorProcess.run({ ...enough, FRAMEWRIGHT_METRICS_PORT: port });
      expect(output).toMatch(/Expected to listen on 127.0.0.1:\d+, got: .*EADDRINUSE.*--metrics-port/s);
      expect(code).toBe(1);
    });
  });

  it('needs its role in one namespace only when it is limited to that namespace', async () => {
    await define();
    await ownable();
    await run(['create', 'namespace', 'studio']);
    await run(['create', 'serviceaccount', 'narrow', '-n', 'studio']);
    const account = '--serviceaccount=studio:narrow';
    await run(['create', 'rolebinding', 'jobs', '-n', 'studio', '--clusterrole=framewright-operator', account]);
    await run(['create', 'rolebinding', 'narrow', '-n', 'framewright', '--role=framewright-operator-lease', account]);
    await writeFile(join(folder, 'cpu.yaml'), cpuPool);
    const environment = {
      ...enough,
      ...(await pod('studio', 'narrow')),
      FRAMEWRIGHT_POOLS_FILE: join(folder, 'cpu.yaml'),
      FRAMEWRIGHT_LEASE_NAMESPACE: 'framewright',
    };
    const wide = await OperatorProcess.run(environment);
    expect(wide.output).toContain('list renderjobs.framewright.dev in the whole cluster');
    await using operator = await OperatorProcess.start({ ...environment, FRAMEWRIGHT_NAMESPACE: 'studio' });
    await vi.waitFor(() => expect(operator.output).toContain('"leading"'), patience);
    const spec = { inputs: [{ name: 'clip', url: 'https://media.example.com/a.mp4' }] };
    const job = { apiVersion: 'framewright.dev/v1alpha1', kind: 'RenderJob', metadata: { name: 'a' }, spec };
    await run(['apply', '-n', 'studio', '-f', '-'], JSON.stringify(job));
    await vi.waitFor(async () => {
      expect(await run(['get', 'jobs', '-n', 'studio', '-o', 'name'])).toBe('job.batch/a-1-render\n');
    }, patience);
    expect(operator.output).not.toContain('rejected with 403');
  });

  it('continues without NATS, logs that once, and ends in time', async () => {
    await define();
    const url = `nats://127.0.0.1:${await freePort()}`;
    await using operator = await OperatorProcess.start({ ...enough, FRAMEWRIGHT_NATS_URL: url });
    await vi.waitFor(() => expect(operator.output).toContain('"leading"'), patience);
    await vi.waitFor(() => expect(operator.output).toMatch(/NATS/), patience);
    expect(await operator.ask('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect(await operator.ask('/readyz')).toEqual({ status: 200, text: 'ok\n' });
    expect((await operator.ask('/metrics')).text).toMatch(
      /leader_election_master_status\{name="framewright-operator"\} 1/,
    );
    expect((await operator.ask('/')).status).toBe(404);
    operator.child.kill('SIGTERM');
    expect(await operator.ended).toMatchObject({ code: 0 });
  });
});
