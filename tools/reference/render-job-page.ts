import { renderJobSchema } from '../../src/model/crd/render-job-crd.ts';
import type { StructuralSchema } from '../../src/model/crd/structural-schema.ts';
import { generatedFrom, page, table } from './markdown.ts';

/** `render-job.md`: every field of a RenderJob, with its type, limits and rules. */
export function renderJobPage(): string {
  const { spec, status } = renderJobSchema().properties ?? {};
  if (!spec || !status) throw new TypeError('Expected a schema with spec and status, got one without');
  return page(
    generatedFrom('src/model'),
    '# RenderJob',
    '`framewright.dev/v1alpha1`, the same in a cluster, in the Native API and in a manifest. Samples of every operation are in ' +
      '[manifests/](../../manifests). Fields marked * are required.',
    '## spec',
    fields(spec),
    rulesOf(spec, 'spec'),
    '## status',
    'Written by the controller alone.',
    fields(status),
    rulesOf(status, 'status'),
  );
}

function fields(root: StructuralSchema): string {
  return table(['field', 'type', 'meaning'], [...rows(root, '')]);
}

function* rows(schema: StructuralSchema, prefix: string): Generator<string[]> {
  const required = new Set(schema.required ?? []);
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    yield [`\`${path}\`${required.has(name) ? ' *' : ''}`, typeText(member), member.description ?? ''];
    yield* rows(member.items ?? member, member.items ? `${path}[]` : path);
  }
}

function typeText(schema: StructuralSchema): string {
  const {
    type,
    enum: words,
    items,
    additionalProperties,
    maxItems,
    minItems,
    maxLength,
    maxProperties,
    format,
  } = schema;
  if (words) return words.map((word) => `\`${word}\``).join(' ');
  if (type === 'array' && items) {
    const count = minItems === undefined ? `at most ${maxItems}` : `${minItems} to ${maxItems}`;
    return `list of ${items.type === 'object' ? 'objects' : typeText(items)}, ${count}`;
  }
  if (type === 'object')
    return additionalProperties ? `map of ${typeText(additionalProperties)}, at most ${maxProperties}` : 'object';
  if (type === 'string')
    return format === 'date-time' ? 'instant' : `string${maxLength === undefined ? '' : `, at most ${maxLength}`}`;
  if (type === 'boolean') return 'boolean';
  return `${type === 'integer' ? 'whole number' : 'number'}${limits(schema)}`;
}

function limits({ minimum, exclusiveMinimum, maximum }: StructuralSchema): string {
  if (minimum === undefined && maximum === undefined) return '';
  if (maximum === undefined) return `, ${exclusiveMinimum ? 'above' : 'from'} ${minimum}`;
  if (minimum === undefined) return `, at most ${maximum}`;
  return `, ${exclusiveMinimum ? `above ${minimum} ` : `${minimum} `}to ${maximum}`;
}

/** The cross-field rules in words, each with the member that it is about. */
function rulesOf(root: StructuralSchema, name: string): string {
  const found = [...collect(root, '')].map(([path, message]) => `- \`${path === '' ? name : path}\`: ${message}`);
  return found.length === 0 ? '' : `Rules:\n\n${[...new Set(found)].join('\n')}`;
}

function* collect(schema: StructuralSchema, path: string): Generator<readonly [string, string]> {
  for (const { message } of schema['x-kubernetes-validations'] ?? []) yield [path, message];
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    yield* collect(member, path === '' ? name : `${path}.${name}`);
  }
  if (schema.items) yield* collect(schema.items, `${path}[]`);
}
