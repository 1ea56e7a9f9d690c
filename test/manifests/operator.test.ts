import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parsePools } from '../../src/adapters/kubernetes/pools/pools-file.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { apiRbacRules, operatorRbacRules, type RbacRule, ruleText } from '../../src/processes/cluster/rbac-rules.ts';

const folder = join(import.meta.dirname, '../../manifests/operator');
const read = (name: string): unknown[] => [...loadAll(readFileSync(join(folder, name), 'utf8'))];

const Roles = z.object({
  kind: z.enum(['ClusterRole', 'Role']),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});
const Deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    template: z.object({
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([
          z.object({
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
            securityContext: z.object({ readOnlyRootFilesystem: z.literal(true) }),
          }),
        ]),
      }),
    }),
  }),
});

/** The rules that the roles of a file grant, as `ruleText` writes them. */
function granted(file: string): string[] {
  const rules = read(file).flatMap((document) => Roles.safeParse(document).data?.rules ?? []);
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => ruleText({ group, resource, verb }))),
    ),
  );
}

const texts = (rules: readonly RbacRule[]): string[] => rules.map(ruleText).toSorted();

describe('the manifests of the operator', () => {
  it.each([
    ['rbac.yaml', operatorRbacRules()],
    ['rbac-api.yaml', apiRbacRules()],
  ])('%s grants the rules that the process checks at its start, each once, and nothing else', (file, rules) => {
    expect(granted(file).toSorted()).toEqual(texts(rules));
    expect(granted(file).join()).not.toContain('*');
  });

  it.each([
    ['deployment.yaml', 'operator', 'framewright-operator'],
    ['deployment-api.yaml', 'api', 'framewright-api'],
  ] as const)('%s sets what the process takes, under the account of its role', (file, verb, account) => {
    const [deployment] = read(file).flatMap((document) => Deployment.safeParse(document).data ?? []);
    const { serviceAccountName, containers } = deployment?.spec.template.spec ?? {};
    expect(serviceAccountName).toBe(account);
    expect(containers?.[0].args).toEqual([verb]);
    const env = (containers?.[0].env ?? []).map(({ name, value = 'from-a-secret' }) => [name, value] as const);
    const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const config = loadConfig({}, { ...inPod, ...Object.fromEntries(env) }, verb);
    expect(config.s3.bucket ?? config.objects.dir).toBeDefined();
    expect(config.nats.url).toBeDefined();
  });

  it('pools.yaml holds pools that are taken', () => {
    const Pools = z.object({ kind: z.literal('ConfigMap'), data: z.object({ 'pools.yaml': z.string() }) });
    const [map] = read('pools.yaml').map((document) => Pools.parse(document));
    const pools = parsePools(map?.data['pools.yaml'] ?? '', 'pools.yaml');
    expect(pools.map(({ allocation }) => allocation.type)).toEqual(['DevicePlugin', 'None']);
  });

  it('each start with what they are for', () => {
    for (const name of readdirSync(folder)) {
      expect(readFileSync(join(folder, name), 'utf8'), name).toMatch(/^# [A-Z].{20,}/);
    }
  });
});
