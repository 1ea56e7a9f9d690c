import { z } from 'zod';
import { probeReport } from '../../src/cli/output/probe-report.ts';
import { type DeviceCause, deviceCauses } from '../../src/media/gpu/device-causes.ts';
import { generatedFrom, page, table } from './markdown.ts';

const weights = { blocks: 'cannot be used', limits: 'is limited', note: 'note' } as const;

/** `probe.md`: every cause that `framewright probe` distinguishes, its exit codes, and the shape of its JSON. */
export function probePage(): string {
  return page(
    generatedFrom('src/media/gpu/device-causes.ts and src/cli/output/probe-report.ts'),
    '# framewright probe',
    'Says what FFmpeg and the GPUs of a machine can do, each combination of codec, bit depth and engine verified by a short ' +
      'encode, and for what cannot be done which of the known causes it is. [The guide](../guides/gpu.md) sets a machine up.',
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'Quick Sync works; or there is no Intel GPU, none is required (`--require-gpu`), and the CPU encodes'],
        [
          '6',
          'Quick Sync does not work although there is an Intel GPU or one is required; jobs fall back to VA-API or the CPU',
        ],
        ['1', 'nothing can be encoded, or FFmpeg is missing or older than 5.1'],
      ],
    ),
    '## Causes',
    table(
      ['cause', 'the GPU', 'meaning', 'remedy'],
      Object.entries<DeviceCause>(deviceCauses).map(([name, { weight, title, meaning, remedy }]) => [
        `\`${name}\`<br>${title}`,
        weights[weight],
        meaning,
        remedy,
      ]),
    ),
    '## JSON',
    '`framewright probe --json` prints one object. Members may be added; within a version none is removed or changes its meaning.',
    table(['member', 'type', 'meaning'], memberRows(z.toJSONSchema(probeReport), '')),
  );
}

interface Schema {
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly anyOf?: readonly unknown[] | undefined;
  readonly description?: string | undefined;
  readonly items?: unknown;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

function memberRows(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const member = asSchema(value);
    const path = `${prefix}${name}`;
    const items = asSchema(member.items);
    const row = [`\`${path}\``, typeOf(member), member.description ?? ''];
    return [row, ...memberRows(member, `${path}.`), ...memberRows(items, `${path}[].`)];
  });
}

function typeOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map((part) => typeOf(asSchema(part))).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.type === 'array') {
    const of = asSchema(schema.items);
    return of.type === 'object' ? 'list' : `list of ${typeOf(of)}`;
  }
  return [schema.type ?? 'any'].flat().join(' or ');
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? value : {};
}
