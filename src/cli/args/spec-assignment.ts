import { isRecord } from '../../lib/json.ts';
import type { StructuralSchema } from '../../model/crd/structural-schema.ts';
import { UsageError } from '../output/cli-error.ts';
import { didYouMean } from './suggest.ts';
import { typedValue } from './typed-value.ts';

/**
 * Sets one member of a spec from `PATH=VALUE`, for example `output.video.codec=hevc` or `operations[0].trim.end=4`.
 * The schema defines the members and the type of the value.
 *
 * @returns a changed copy
 * @throws UsageError naming the member that does not exist, or what was expected there
 */
export function assign(spec: unknown, text: string, schema: StructuralSchema): unknown {
  const equals = text.indexOf('=');
  if (equals <= 0)
    throw new UsageError(`expected PATH=VALUE after --set, got ${JSON.stringify(text)}`, {
      remedy: 'for example: --set output.video.codec=hevc',
    });
  const path = text.slice(0, equals);
  const steps = path
    .replace(/^spec\./, '')
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.');
  return assignAt(spec, steps, text.slice(equals + 1), schema, path);
}

function assignAt(
  target: unknown,
  steps: readonly string[],
  text: string,
  schema: StructuralSchema,
  path: string,
): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return typedValue(text, schema, `--set ${path}`);
  if (schema.type === 'array' && schema.items) {
    const present: readonly unknown[] = Array.isArray(target) ? target : [];
    const items = [...present];
    const index = Number(step);
    // At most the next index: a gap would be null.
    if (!/^\d+$/.test(step) || index > items.length) {
      throw new UsageError(`expected an index from 0 to ${items.length} in --set ${path}, got ${JSON.stringify(step)}`);
    }
    items[index] = assignAt(items[index], rest, text, schema.items, path);
    return items;
  }
  const members = isRecord(target) ? target : {};
  const inner =
    schema.properties && Object.hasOwn(schema.properties, step) ? schema.properties[step] : schema.additionalProperties;
  if (inner === undefined) {
    const known = Object.keys(schema.properties ?? {});
    throw new UsageError(
      `there is no ${JSON.stringify(step)} in --set ${path}${didYouMean(step, known)}`,
      known.length > 0 ? { remedy: `members here: ${known.join(', ')}` } : {},
    );
  }
  return { ...members, [step]: assignAt(members[step], rest, text, inner, path) };
}
