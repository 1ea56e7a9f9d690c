import { z } from 'zod';

/** The page is one document without scripts: nothing is loaded, from here or elsewhere. */
export const docsSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const operation = z.object({
  summary: z.string().default(''),
  description: z.string().default(''),
  deprecated: z.boolean().default(false),
  tags: z.array(z.string()).default([]),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        description: z.string().default(''),
      }),
    )
    .default([]),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.unknown().optional() })) }).optional(),
  responses: z
    .record(
      z.string(),
      z.object({
        description: z.string().default(''),
        content: z.record(z.string(), z.object({ schema: z.unknown().optional() })).optional(),
      }),
    )
    .default({}),
});
type Operation = z.output<typeof operation>;

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;
const apiDocument = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string().default('') }),
  tags: z.array(z.object({ name: z.string(), description: z.string().default('') })).default([]),
  paths: z.record(z.string(), z.partialRecord(z.enum(methods), operation).catch({})),
  components: z.object({ schemas: z.record(z.string(), z.unknown()).default({}) }).default({ schemas: {} }),
});

/** Text that is safe within HTML. */
function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char);
}

/** A description that is safe within HTML; text between backticks is code. */
function prose(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

/** A schema as JSON whose references link to their definition on the page. */
function schemaHtml(schema: unknown): string {
  return `<pre>${escapeHtml(JSON.stringify(schema, null, 2)).replaceAll(
    /#\/components\/schemas\/(\w+)/g,
    (_reference, name: string) => `<a href="#schema-${name}">${name}</a>`,
  )}</pre>`;
}

function operationHtml(method: string, path: string, op: Operation): string {
  const parameters = op.parameters.map(
    ({ name, in: where, required, description }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${where}${required ? ', required' : ''}</td><td>${prose(description)}</td></tr>`,
  );
  const body = Object.entries(op.requestBody?.content ?? {}).slice(0, 1);
  const responses = Object.entries(op.responses).map(
    ([status, { description, content }]) =>
      `<details><summary>${escapeHtml(status)} ${prose(description)}</summary>${Object.values(content ?? {})
        .map(({ schema }) => schemaHtml(schema))
        .join('')}</details>`,
  );
  return `<details class="operation"><summary><b class="${method}">${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code>
<span>${escapeHtml(op.summary)}${op.deprecated ? ' (deprecated)' : ''}</span></summary><p>${prose(op.description)}</p>
${parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''}
${body.map(([, { schema }]) => `<h4>Body</h4>${schemaHtml(schema)}`).join('')}<h4>Replies</h4>${responses.join('')}</details>`;
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
details{margin:.25rem 0 .25rem 1rem}details.operation{margin-left:0;border:1px solid #8885;border-radius:6px;padding:.4rem .8rem}
summary{cursor:pointer}summary b{display:inline-block;min-width:4.5rem}summary span{opacity:.75;margin-left:.5rem}
pre{overflow:auto;max-height:30rem;background:#8881;padding:.6rem;border-radius:4px;font-size:.85rem}td{padding:.1rem .8rem .1rem 0;vertical-align:top}`;

/** A browsable page of an OpenAPI document. Throws for any other document. */
export function docsPage(document: unknown): string {
  const { info, tags, paths, components } = apiDocument.parse(document);
  const sections = tags.map(({ name, description }) => {
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      methods.flatMap((method) => {
        const found = item[method];
        return found?.tags.includes(name) === true ? [operationHtml(method, path, found)] : [];
      }),
    );
    return `<h2>${escapeHtml(name)}</h2><p>${prose(description)}</p>${operations.join('\n')}`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary>${schemaHtml(schema)}</details>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(info.title)}</title><style>${style}</style></head><body><h1>${escapeHtml(info.title)} ${escapeHtml(info.version)}</h1>
<p>${prose(info.description)} The same as <a href="/openapi.json">OpenAPI</a>.</p>${sections.join('\n')}
<h2>Schemas</h2>${schemas.join('\n')}</body></html>`;
}
