import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { applyDefinitions, kubectl } from '../../cluster/cluster.ts';
import { startControlPlane } from '../../cluster/control-plane/control-plane.ts';
import { describeWithPrograms, type TestCluster } from '../../support/cluster.ts';
import { OperatorProcess } from '../../support/operator-process.ts';
import { inPodOf, manifests } from '../../support/service-account.ts';

const patience = { timeout: 60_000, interval: 20 };
const leaseSeconds = 5;

const Lease = z.object({
  spec: z.object({ holderIdentity: z.string(), acquireTime: z.iso.datetime(), renewTime: z.iso.datetime() }),
});
const Job = z.object({ status: z.object({ queuedAt: z.iso.datetime(), reason: z.string() }).optional() });

// Two or three operators as processes in pods of one ServiceAccount; how long a takeover takes is read from what they wrote.
describeWithPrograms('cluster', 'several operators', (paths) => {
  const stack = new AsyncDisposableStack();
  let run: TestCluster['run'];
  let environment: Record<string, string>;
  const operators: OperatorProcess[] = [];

  beforeAll(async () => {
    const plane = stack.use(await startControlPlane(paths, { pods: false }));
    const access = { kubeconfig: plane.kubeconfig, kubectl: paths['kubectl'] ?? '', own: true };
    run = (args, input) => kubectl(access, args, input);
    const folder = await mkdtemp(join(tmpdir(), 'framewright-operator-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await applyDefinitions(access);
    await run(['apply', '-f', join(manifests, 'rbac.yaml')]);
    await writeFile(join(folder, 'pools.yaml'), '[{name: cpu, image: w, allocation: {type: None}, maxConcurrent: 1}]');
    environment = {
      ...(await inPodOf(run, plane.kubeconfig, { name: 'framewright-operator', folder })),
      FRAMEWRIGHT_POOLS_FILE: join(folder, 'pools.yaml'),
      FRAMEWRIGHT_OBJECTS_DIR: join(folder, 'objects'),
      FRAMEWRIGHT_LEASE_SECONDS: String(leaseSeconds),
      FRAMEWRIGHT_LEASE_RENEW_SECONDS: '3',
      FRAMEWRIGHT_LEASE_RETRY_SECONDS: '1',
    };
  });
  afterAll(() => stack.disposeAsync());

  const start = async (): Promise<OperatorProcess> => {
    const operator = stack.use(await OperatorProcess.start(environment));
    operators.push(operator);
    await vi.waitFor(() => expect(operator.identity, operator.output).toBeDefined(), patience);
    return operator;
  };
  const lease = async (): Promise<z.infer<typeof Lease>['spec']> =>
    Lease.parse(JSON.parse(await run(['get', 'lease', 'framewright-operator', '-n', 'framewright', '-o', 'json'])))
      .spec;
  const apply = async (name: string): Promise<void> => {
    const spec = { inputs: [{ name: 'clip', url: 'https://media.example.com/a.mp4' }], acceleration: 'Required' };
    const metadata = { name, namespace: 'default' };
    const job = { apiVersion: 'framewright.dev/v1alpha1', kind: 'RenderJob', metadata, spec };
    await run(['apply', '-f', '-'], JSON.stringify(job));
  };
  /** When a job got its first status, which only a leader writes (Unix milliseconds). */
  const firstStatusAt = (name: string): Promise<number> =>
    vi.waitFor(async () => {
      const { status } = Job.parse(JSON.parse(await run(['get', 'rj', name, '-o', 'json'])));
      expect(status).toBeDefined();
      return Date.parse(status?.queuedAt ?? '');
    }, patience);
  const leader = async (): Promise<OperatorProcess> => {
    const { holderIdentity } = await lease();
    const found = operators.find(({ identity }) => identity === holderIdentity);
    if (found === undefined) throw new Error(`Expected one of our operators to lead, got "${holderIdentity}"`);
    return found;
  };

  it('one leads, and the others are ready and write nothing', async () => {
    const first = await start();
    await vi.waitFor(() => expect(first.output).toContain('"leading"'), patience);
    const second = await start();
    await apply('a');
    await firstStatusAt('a');
    expect(await second.ask('/readyz')).toEqual({ status: 200, text: 'ok\n' });
    const { text } = await second.ask('/metrics');
    expect(text).toMatch(/leader_election_master_status\{name="framewright-operator"\} 0/);
    // Reviews of its own RBAC rules are POSTs; everything else is a read.
    expect(text).not.toMatch(/rest_client_requests_total\{code="\d+",method="(PUT|PATCH|DELETE)"/);
    expect(text).toMatch(/framewright_jobs\{phase="Queued"\} 1/);
  });

  it('the next one acts within the lease and 2 s after a kill -9 of the leader', async () => {
    const victim = await leader();
    victim.child.kill('SIGKILL');
    await victim.ended;
    const killedAt = Date.now();
    await apply('b');
    const took = (await firstStatusAt('b')) - killedAt;
    const { holderIdentity, acquireTime } = await lease();
    console.log(
      `kill -9: lease taken after ${Date.parse(acquireTime) - killedAt} ms, first status after ${took} ms (lease ${leaseSeconds} s)`,
    );
    expect(holderIdentity).not.toBe(victim.identity);
    expect(took).toBeLessThanOrEqual(leaseSeconds * 1000 + 2_000);
  });

  it('the next one acts within 2 s after the leader was stopped', async () => {
    const old = await leader();
    await start();
    const stoppedAt = Date.now();
    old.child.kill('SIGTERM');
    await apply('c');
    const took = (await firstStatusAt('c')) - stoppedAt;
    expect(await old.ended).toMatchObject({ code: 0 });
    const { holderIdentity, acquireTime } = await lease();
    const handedOver = Date.parse(acquireTime) - stoppedAt;
    // The second figure includes the time that kubectl took to create the job.
    console.log(`SIGTERM: lease taken after ${handedOver} ms, first status after ${took} ms`);
    expect(holderIdentity).not.toBe(old.identity);
    expect(handedOver).toBeLessThanOrEqual(2_000);
  });

  it('a leader that was frozen writes nothing after its lease has expired: it logs that and ends with 1', async () => {
    const old = await leader();
    await start();
    old.child.kill('SIGSTOP');
    await apply('d');
    await firstStatusAt('d');
    expect((await lease()).holderIdentity).not.toBe(old.identity);
    old.child.kill('SIGCONT');
    const { code, output } = await old.ended;
    expect(code).toBe(1);
    expect(output).toMatch(/The lease was not renewed within 3 s, or another operator holds it now/);
  });
});
