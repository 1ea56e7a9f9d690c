import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../../../tools/openapi-document.ts';

const file = new URL('../../../docs/reference/openapi.json', import.meta.url);
const document = await openApiDocument();
const text = JSON.stringify(document);

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [member] : references(member),
  );
}

describe('docs/reference/openapi.json', () => {
  it('is the document of the server; `npm run generate` updates it', async () => {
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(text));
  });

  it('defines exactly the schemas that it refers to', () => {
    const { components } = z
      .object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })
      .parse(document);
    const used = new Set(references(document).map((reference) => reference.replace('#/components/schemas/', '')));
    expect([...used].toSorted()).toEqual(Object.keys(components.schemas).toSorted());
  });

  it('has a summary, a tag and the errors of each operation', () => {
    const { paths } = z
      .object({
        paths: z.record(
          z.string(),
          z.record(
            z.string(),
            z.looseObject({
              summary: z.string(),
              tags: z.array(z.string()),
              responses: z.record(z.string(), z.unknown()),
            }),
          ),
        ),
      })
      .parse(document);
    for (const [path, operations] of Object.entries(paths)) {
      for (const { summary, tags, responses } of Object.values(operations)) {
        expect([path, summary.length > 0, tags.length]).toEqual([path, true, 1]);
        if (path.startsWith('/api')) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
      }
    }
  });

  it('has nothing that is only for the CRD generator', () => {
    expect(text).not.toContain('x-kubernetes');
  });
});
