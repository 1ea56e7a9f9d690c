import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { type ClusterAccess, kubectl } from '../cluster/cluster.ts';
import type { Programs } from '../cluster/set-up/set-up.ts';

/** The cluster of this run of the tests; every suite works in namespaces of its own. */
export interface TestCluster extends ClusterAccess {
  /** Runs kubectl; answers what it printed, rejects with what it said. */
  readonly run: (args: readonly string[], input?: string) => Promise<string>;
  /** Applies manifests given as objects. */
  readonly apply: (...manifests: readonly object[]) => Promise<void>;
  /** Makes a namespace that no other suite uses. It goes with the cluster. */
  readonly namespace: () => Promise<string>;
}

/** Tests that need a Kubernetes API. Where there is none they are one skipped test that says why; in CI that fails. */
export function describeOnCluster(name: string, tests: (cluster: TestCluster) => void): void {
  const cluster = inject('cluster');
  describe(name, () => {
    if (cluster.absent === undefined) tests(testCluster(cluster.access));
    else skip(name, `needs a Kubernetes control plane: ${cluster.absent}`);
  });
}

const suites = {
  /** Its own control plane, to be stopped and killed as the test likes. */
  cluster: ['clusterPrograms', 'the programs of a Kubernetes control plane'],
  nats: ['natsPrograms', 'nats-server'],
  s3: ['s3Programs', 'the S3 server versitygw'],
} as const;

/** Tests that start programs themselves. Where these cannot be had they are one skipped test that says why. */
export function describeWithPrograms(
  kit: keyof typeof suites,
  name: string,
  tests: (paths: Readonly<Record<string, string>>) => void,
): void {
  const [key, what] = suites[kit];
  const programs: Programs = inject(key);
  describe(name, () => {
    if (programs.absent === undefined) tests(programs.paths);
    else skip(name, `needs ${what}: ${programs.absent}`);
  });
}

/** A test for which somebody plays kubelet: left out, and said so, on a cluster that is not ours. */
export function itWithPlayedPods({ own }: TestCluster, name: string, test: () => Promise<void>): void {
  if (!own) console.error(`${name}: left out, it needs nodes whose pods are played`);
  it.runIf(own)(name, test);
}

function skip(name: string, reason: string): void {
  // The reporter counts skipped tests and does not name them.
  console.error(`${name}: ${reason}`);
  it.skipIf((process.env['CI'] ?? '') === '')(reason, () => expect.unreachable(reason));
}

function testCluster(access: ClusterAccess): TestCluster {
  const run = (args: readonly string[], input?: string): Promise<string> => kubectl(access, args, input);
  return {
    ...access,
    run,
    apply: async (...manifests) => {
      const list = { apiVersion: 'v1', kind: 'List', items: manifests };
      await run(['apply', '-f', '-'], JSON.stringify(list));
    },
    namespace: async () => {
      const name = `test-${randomBytes(4).toString('hex')}`;
      await run(['create', 'namespace', name]);
      return name;
    },
  };
}
