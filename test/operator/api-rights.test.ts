import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apiRights } from '../../src/operator/rights.ts';

const role = z.object({
  kind: z.enum(['ClusterRole', 'Role']),
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
});

describe('manifests/operator/rbac-api.yaml', () => {
  it('grants what the API asks for before it starts, where it asks for it, and nothing else', async () => {
    const file = join(import.meta.dirname, '../../manifests/operator/rbac-api.yaml');
    const granted = loadAll(await readFile(file, 'utf8')).flatMap((document) => {
      const parsed = role.safeParse(document);
      if (!parsed.success) return [];
      const { kind, rules } = parsed.data;
      return rules.flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${kind}: ${verb} ${group}/${resource}`)),
        ),
      );
    });
    const asked = apiRights().map(
      ({ group, resource, verb, where }) =>
        `${where === 'jobs' || where === 'cluster' ? 'ClusterRole' : 'Role'}: ${verb} ${group}/${resource}`,
    );
    expect(granted.toSorted()).toEqual(asked.toSorted());
  });

  it('lets the API write no status', () => {
    expect(apiRights().filter(({ resource }) => resource.includes('status'))).toEqual([]);
  });

  it('asks for no nodes where no pool counts their slots', () => {
    expect(apiRights({ nodes: false }).filter(({ resource }) => resource === 'nodes')).toEqual([]);
  });
});
