import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { kubeconfigCredentials } from '../../../src/adapters/kubernetes/client/kubeconfig.ts';
import { Transport } from '../../../src/adapters/kubernetes/client/transport.ts';
import { installationsOf } from '../../../src/adapters/object-store/installations.ts';
import type { S3Store } from '../../../src/adapters/object-store/s3/s3-store.ts';
import { operatorRbacRules, ruleText } from '../../../src/processes/cluster/rbac-rules.ts';
import { applyDefinitions, kubectl, untilRenderJobsMayOwn } from '../../cluster/cluster.ts';
import { startControlPlane } from '../../cluster/control-plane/control-plane.ts';
import { ProcessKubelet } from '../../cluster/process-kubelet/process-kubelet.ts';
import { createNatsAccount } from '../../cluster/services/nats-accounts.ts';
import { startNatsServer } from '../../cluster/services/nats-server.ts';
import { describeWithPrograms, type TestCluster } from '../../support/cluster.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { OperatorProcess } from '../../support/operator-process.ts';
import { createS3Bench } from '../../support/s3-harness.ts';
import { manifests, plainKubeconfig, tokenOf } from '../../support/service-account.ts';
import { testClip } from '../../support/test-clip.ts';
import { usedRules } from '../../support/used-rbac-rules.ts';

const main = fileURLToPath(import.meta.resolve('../../../src/main.ts'));
const samples = fileURLToPath(import.meta.resolve('../../../manifests/'));
const patience = { timeout: 100_000, interval: 50 };

/** Programs of another kit; where they are missing nothing of this can be shown. */
function pathsOf(kit: 'natsPrograms' | 's3Programs'): Readonly<Record<string, string>> {
  const programs = inject(kit);
  if (programs.absent !== undefined) throw new Error(programs.absent);
  return programs.paths;
}

// The operator is a process with the RBAC rules of its ServiceAccount only; between it and the API server stands a
// proxy that sees what it uses. The worker is a process too, as the pod of a node; it renders real files into a bucket.
describeWithPrograms('cluster', 'framewright operator', (paths) => {
  const stack = new AsyncDisposableStack();
  let run: TestCluster['run'];
  let watchJob: (name: string) => { readonly lines: () => string[]; readonly stop: () => void };
  let operator: OperatorProcess;
  let proxy: FaultProxy;
  let objects: S3Store;
  let media = '';
  const secrets: string[] = [];
  let slow = false;

  beforeAll(async () => {
    const plane = stack.use(await startControlPlane(paths));
    const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
    run = (args, input) => kubectl(access, args, input);
    const folder = await mkdtemp(join(tmpdir(), 'framewright-operator-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await applyDefinitions(access);
    await run(['apply', '-f', join(manifests, 'rbac.yaml')]);
    await run(['create', 'namespace', 'renders']);

    const account = createNatsAccount();
    await writeFile(join(folder, 'operator.creds'), account.userCredentials(), { mode: 0o600 });
    await writeFile(join(folder, 'account.seed'), account.account.seed, { mode: 0o600 });
    const natsServer = pathsOf('natsPrograms')['nats-server'] ?? '';
    const nats = stack.use(await startNatsServer(natsServer, { config: account.config }));
    const s3 = stack.use(await createS3Bench(pathsOf('s3Programs')));
    const bucket = await s3.bucket();
    objects = await s3.store({ bucket, prefix: 'studio' });
    const clip = await testClip({ seconds: 21 });
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': clip.byteLength });
      // A source that never ends sending: the job is at work until someone ends it.
      if (slow) response.write(clip.subarray(0, 1000));
      else response.end(clip);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('Expected the server to listen');
    media = `http://127.0.0.1:${address.port}/`;

    const admin = await kubeconfigCredentials(plane.kubeconfig);
    const quiet = stack.use(new Transport(admin, { userAgent: 'framewright-test-kubelet' }));
    await quiet.request({ path: '/version' });
    stack.use(
      await ProcessKubelet.start(quiet, {
        node: 'box',
        gpuSlots: 0,
        command: [process.execPath, '--disable-warning=ExperimentalWarning', main, 'worker'],
        certificate: plane.certificate,
      }),
    );

    const keys = { AWS_ACCESS_KEY_ID: s3.server.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.server.secretAccessKey };
    const forWorkers = Object.entries(keys).map(([name, value]) => ({ name, value }));
    await writeFile(
      join(folder, 'pools.yaml'),
      JSON.stringify([
        { name: 'cpu', image: 'worker', allocation: { type: 'None' }, maxConcurrent: 1, environment: forWorkers },
        { name: 'gpu', image: 'worker', allocation: { type: 'DevicePlugin', resourceName: 'gpu.intel.com/xe' } },
      ]),
    );
    ({ proxy } = await FaultProxy.before(admin));
    stack.use(proxy);
    const token = await tokenOf(run, { namespace: 'framewright', name: 'framewright-operator' });
    secrets.push(token, s3.server.secretAccessKey, account.account.seed);
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, plainKubeconfig(proxy.url, token), { mode: 0o600 });
    const environment = {
      FRAMEWRIGHT_KUBECONFIG: kubeconfig,
      FRAMEWRIGHT_LEASE_NAMESPACE: 'framewright',
      FRAMEWRIGHT_POOLS_FILE: join(folder, 'pools.yaml'),
      ...keys,
      FRAMEWRIGHT_S3_BUCKET: bucket,
      FRAMEWRIGHT_S3_PREFIX: 'studio',
      FRAMEWRIGHT_S3_ENDPOINT: s3.server.endpoint,
      FRAMEWRIGHT_S3_REGION: s3.server.region,
      FRAMEWRIGHT_S3_FORCE_PATH_STYLE: 'on',
      FRAMEWRIGHT_NATS_URL: nats.url,
      // The server lets in only whom the account has signed: workers have credentials of their own, or none.
      FRAMEWRIGHT_NATS_CREDENTIALS_FILE: join(folder, 'operator.creds'),
      FRAMEWRIGHT_NATS_ACCOUNT_SEED_FILE: join(folder, 'account.seed'),
      FRAMEWRIGHT_ALLOWED_SOURCE_RANGES: '127.0.0.0/8',
      FRAMEWRIGHT_LEASE_SECONDS: '6',
      FRAMEWRIGHT_LEASE_RENEW_SECONDS: '4',
      FRAMEWRIGHT_LEASE_RETRY_SECONDS: '1',
    };
    // An API server that knows no WatchList (before 1.32): everything is listed.
    proxy.fault = ({ query }) =>
      query.has('sendInitialEvents') ? { kind: 'answer', status: 400, body: '{}' } : undefined;
    await untilRenderJobsMayOwn(access);
    operator = stack.use(await OperatorProcess.start(environment));

    watchJob = (name) => {
      let text = '';
      const args = [`--kubeconfig=${plane.kubeconfig}`, 'get', 'rj', name, '-n', 'renders', '-w', '--no-headers'];
      const child = spawn(access.kubectl, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const stop = (): void => void child.kill();
      stack.defer(stop);
      return { lines: () => text.trimEnd().split('\n'), stop };
    };
  });
  afterAll(() => stack.disposeAsync());

  /** A sample of manifests/, with its sources where this test serves them. */
  const sample = async (file: string, name: string): Promise<string> => {
    const text = await readFile(join(samples, file), 'utf8');
    return text.replaceAll(/https:\/\/media\.example\.com\//g, media).replace(/^ {2}name: .*/m, `  name: ${name}`);
  };
  const apply = async (file: string, name: string): Promise<void> => {
    await run(['apply', '-n', 'renders', '-f', '-'], await sample(file, name));
  };
  const status = (name: string, path: string): Promise<string> =>
    run(['get', 'rj', name, '-n', 'renders', '-o', `jsonpath={.status.${path}}`]);
  const describeJob = (name: string): Promise<string> => run(['describe', 'rj', name, '-n', 'renders']);
  /** Waits for a phase; fails as soon as another one is final, with what the job says. */
  const phase = async (name: string, expected: string): Promise<void> => {
    const now = await vi.waitFor(async () => {
      const found = await status(name, 'phase');
      expect([expected, 'Succeeded', 'Failed', 'Cancelled'], operator.output).toContain(found);
      return found;
    }, patience);
    expect(now, await status(name, 'message')).toBe(expected);
  };

  it('renders what kubectl applies: Queued, Starting, Running, Succeeded, with progress', async () => {
    slow = true;
    await apply('mute.yaml', 'first');
    await phase('first', 'Running');
    await apply('trim.yaml', 'sample');
    const watched = watchJob('sample');
    await phase('sample', 'Queued');
    expect(await describeJob('sample')).toMatch(/Message: .*(slot|cpu)/);
    slow = false;
    await run(['patch', 'rj', 'first', '-n', 'renders', '--type=merge', '-p', '{"spec":{"cancelled":true}}']);
    await phase('sample', 'Succeeded');
    await vi.waitFor(() => expect(watched.lines().at(-1)).toContain('Succeeded'), patience);
    watched.stop();
    const seen = watched.lines().flatMap((line) => /Queued|Starting|Running|Succeeded/.exec(line)?.[0] ?? []);
    expect([...new Set(seen)]).toEqual(['Queued', 'Starting', 'Running', 'Succeeded']);
    // Phase, type, percent: on the way, and at the end.
    expect(watched.lines().join('\n')).toMatch(/Running +trim +[1-9][\d.]*/);
    expect(watched.lines().at(-1)).toMatch(/Succeeded +trim +100/);
    const key = await status('sample', 'result.outputs[0].key');
    expect(await objects.stat(key)).toMatchObject({ bytes: Number(await status('sample', 'result.outputs[0].bytes')) });
    expect(Number(await status('sample', 'result.outputs[0].durationSeconds'))).toBeCloseTo(7.5, 1);
    // By this name an operator finds the files of its own cluster.
    const lease = ['get', 'lease', 'framewright-operator', '-n', 'framewright', '-o', 'jsonpath={.metadata.uid}'];
    expect(await installationsOf(objects)).toEqual([await run(lease)]);
  });

  it('writes one Job, and one status for its start, its run and its end', async () => {
    const before = proxy.calls.length;
    await apply('trim.yaml', 'quick');
    await phase('quick', 'Succeeded');
    const writes = proxy.calls
      .slice(before)
      .filter(({ method, path }) => method !== 'GET' && /\/(renderjobs|jobs|pods)\b/.test(path))
      .map(({ method, path }) => `${method} ${path}`);
    expect(writes.filter((write) => write.startsWith('POST'))).toHaveLength(1);
    const [from, to] = [
      Date.parse(await status('quick', 'startedAt')),
      Date.parse(await status('quick', 'finishedAt')),
    ];
    // And progress every ten seconds, where it takes so long.
    expect(writes.length, writes.join(', ')).toBeLessThanOrEqual(5 + Math.floor((to - from) / 10_000));
  });

  it('reports why a job waits, was cancelled or failed in one sentence, and each step as an event', async () => {
    await vi.waitFor(async () => expect(await describeJob('first')).toMatch(/Events:.*Normal\s+Cancelled/s), patience);
    expect(await describeJob('first')).toMatch(/Message: +The job was cancelled/);
    expect(await describeJob('sample')).toMatch(/Normal\s+Completed/);
    const missing = (await sample('mute.yaml', 'missing')).replace(media, 'http://127.0.0.1:1/');
    await run(['apply', '-n', 'renders', '-f', '-'], missing.replace('spec:', 'spec:\n  retry: {limit: 0}'));
    await phase('missing', 'Failed');
    await vi.waitFor(async () => expect(await describeJob('missing')).toMatch(/Events:.*Warning\s+\w+/s), patience);
    const failed = await describeJob('missing');
    expect(failed).toMatch(/Message: +\S.*127\.0\.0\.1:1/);
    expect(failed).toMatch(/Remedy: +\S/);
    const gpu = (await sample('trim.yaml', 'required')).replace('spec:', 'spec:\n  acceleration: Required');
    await run(['apply', '-n', 'renders', '-f', '-'], gpu);
    await phase('required', 'Queued');
    await vi.waitFor(async () => expect(await describeJob('required')).toMatch(/Message: .*GPU/), patience);
    await run(['delete', 'rj', 'required', '-n', 'renders', '--timeout=60s']);
  });

  it('fails a job whose Job would have the name of an existing one, which stays untouched', async () => {
    await run(['create', 'job', 'taken-1-render', '-n', 'renders', '--image=none']);
    await apply('mute.yaml', 'taken');
    await phase('taken', 'Failed');
    expect(await describeJob('taken')).toMatch(
      /Message: +Expected the Job renders\/taken-1-render .* it has another owner/,
    );
    await run(['delete', 'job', 'taken-1-render', '-n', 'renders']);
  });

  it('removes the files and Jobs of a job that kubectl deletes, and a job whose TTL has expired', async () => {
    const key = await status('sample', 'result.outputs[0].key');
    await run([
      'patch',
      'rj',
      'sample',
      '-n',
      'renders',
      '--type=merge',
      '-p',
      '{"spec":{"ttlSecondsAfterFinished":0}}',
    ]);
    await vi.waitFor(async () => {
      expect(await run(['get', 'rj,jobs', '-n', 'renders', '-o', 'name'])).not.toContain('sample');
    }, patience);
    expect(await objects.stat(key)).toBeUndefined();
  });

  it('uses every rule that its role grants, and was denied none', async () => {
    const { granted, used } = {
      granted: operatorRbacRules().map(ruleText).toSorted(),
      // Events are read when a Job has been without a pod for a while, which none here is.
      used: [...usedRules(proxy.calls), 'list events'].toSorted(),
    };
    // Admission checks the first when a Job is created; the second counts a repeated event, after half a minute.
    const unseen = ['update renderjobs/finalizers.framewright.dev', 'patch events.events.k8s.io'];
    expect(used).toEqual(granted.filter((rule) => !unseen.includes(rule)));
    expect(operator.output).not.toMatch(/rejected with 403/);
  });

  it('measures its work under the names of controller-runtime and client-go', async () => {
    const { text } = await operator.ask('/metrics');
    expect(text).toMatch(/controller_runtime_reconcile_total\{controller="renderjob",result="success"\} [1-9]/);
    expect(text).toMatch(/workqueue_adds_total\{name="renderjob"\} [1-9]/);
    expect(text).toMatch(/rest_client_requests_total\{code="201",method="POST",host="127.0.0.1:\d+"\} [1-9]/);
    expect(text).toMatch(/framewright_jobs\{phase="Failed"\} 2/);
    expect(text).toMatch(/framewright_renders_total\{backend="[^"]+",outcome="succeeded"\} [1-9]/);
    expect(text).toMatch(/framewright_progress_age_seconds_count [1-9]/);
  });

  it('ends with 1 and logs it when the API server was unreachable until the renewal was due', async () => {
    proxy.fault = () => ({ kind: 'silence' });
    proxy.silenceAll();
    const { code, output } = await operator.ended;
    expect(code).toBe(1);
    expect(output).toMatch(/The lease was not renewed within 4 s/);
    expect(output).toMatch(/"remedy":"\S/);
    for (const secret of secrets) expect(output).not.toContain(secret);
  });
});
