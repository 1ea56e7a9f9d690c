import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { type ClusterAccess, kubectl } from '../cluster/cluster.ts';
import type { Programs } from '../cluster/set-up/set-up.ts';

/** The cluster of this run of the tests; every suite works in namespaces of its own. */
export interface TestCluster extends ClusterAccess {
  /** Runs kubectl; resolves with its standard output, rejects with its standard error. */
  readonly run: (args: readonly string[], input?: string) => Promise<string>;
  /** Applies manifests given as objects. */
  readonly apply: (...manifests: readonly object[]) => Promise<void>;
  /** Creates a namespace that no other suite uses. It is removed with the cluster. */
  readonly namespace: () => Promise<string>;
}

/** Tests that need a Kubernetes API. Without one they are a single skipped test with the reason; in CI that fails. */
export function describeOnCluster(name: string, tests: (cluster: TestCluster) => void): void {
  const cluster = inject('cluster');
  describe(name, () => {
    if (cluster.absent === undefined) tests(testCluster(cluster.access));
    else skip(name, `needs a Kubernetes control plane: ${cluster.absent}`, cluster.failing);
  });
}

const suites = {
  /** A control plane of its own, which the test may stop and kill. */
  cluster: ['clusterPrograms', 'the programs of a Kubernetes control plane'],
  nats: ['natsPrograms', 'nats-server'],
  s3: ['s3Programs', 'the S3 server versitygw'],
} as const;

/** Tests that start programs themselves. Where these cannot be built they are a single skipped test with the reason. */
export function describeWithPrograms(
  kit: keyof typeof suites,
  name: string,
  tests: (paths: Readonly<Record<string, string>>) => void,
): void {
  const [key, what] = suites[kit];
  const programs: Programs = inject(key);
  describe(name, () => {
    if (programs.absent === undefined) tests(programs.paths);
    else skip(name, `needs ${what}: ${programs.absent}`, programs.failing);
  });
}

/** A test that needs simulated kubelets: skipped, with a message, on a cluster that is not ours. */
export function itWithPlayedPods({ own }: TestCluster, name: string, test: () => Promise<void>): void {
  if (!own) console.error(`${name}: skipped, it needs simulated nodes`);
  it.runIf(own)(name, test);
}

function skip(name: string, reason: string, failing = false): void {
  // The reporter counts skipped tests without naming them.
  console.error(`${name}: ${reason}`);
  it.skipIf(!failing && (process.env['CI'] ?? '') === '')(reason, () => expect.unreachable(reason));
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
