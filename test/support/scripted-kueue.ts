import type { TestCluster } from './cluster.ts';

/**
 * Does to a suspended Job what Kueue does when it admits one: says where it runs, and lets it run. Kueue itself, with its
 * webhooks and certificates, is not here.
 */
export async function admitAsKueue(
  cluster: TestCluster,
  namespace: string,
  job: string,
  flavor: object,
): Promise<void> {
  const body = { spec: { suspend: false, template: { spec: { nodeSelector: flavor } } } };
  await cluster.run(['patch', 'job', job, '-n', namespace, '--type=merge', '-p', JSON.stringify(body)]);
}

/** Takes the slot of a Job away, as Kueue does for one of a higher priority. */
export async function preemptAsKueue(cluster: TestCluster, namespace: string, job: string): Promise<void> {
  await cluster.run(['patch', 'job', job, '-n', namespace, '--type=merge', '-p', '{"spec":{"suspend":true}}']);
}
