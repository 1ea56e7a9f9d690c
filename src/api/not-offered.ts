import { CodedError, type ErrorDetail } from '../errors.ts';
import { manager } from '../model/labels.ts';
import type { Output } from '../model/output.ts';
import type { RenderJobSpec } from '../model/render-job.ts';

// What the model has and this version does not do is refused when a job is made, never accepted and forgotten.

function* inOutput(output: Output): Generator<string> {
  for (const kind of ['file', 's3', 'pvc'] as const) {
    if (output.destination?.[kind] !== undefined) yield `output.destination.${kind}`;
  }
}

function* inSpec(spec: RenderJobSpec): Generator<string> {
  for (const [index, input] of spec.inputs.entries()) {
    if (input.s3 !== undefined) yield `inputs[${index}].s3`;
    if (input.pvc !== undefined) yield `inputs[${index}].pvc`;
  }
  if (spec.output !== undefined) yield* inOutput(spec.output);
  if (spec.webhook !== undefined) yield 'webhook';
  if (spec.queue !== undefined) yield 'queue';
  if (spec.podTemplate !== undefined) yield 'podTemplate';
  if (spec.managedBy !== undefined && spec.managedBy !== manager) yield 'managedBy';
}

/** `NOT_IMPLEMENTED` that names the fields. */
export function notOffered(paths: readonly string[]): CodedError {
  const details: ErrorDetail[] = paths.map((path) => ({ path, message: 'is not offered by this installation' }));
  const [first, ...more] = paths;
  const named = more.length === 0 ? `field \`${first}\`` : `fields ${paths.map((path) => `\`${path}\``).join(', ')}`;
  return new CodedError('NOT_IMPLEMENTED', `This installation does not offer the ${named}.`, { details });
}

/** Refuses a spec that asks for what this version does not do. `prefix` is put before the paths. */
export function requireOffered(spec: RenderJobSpec, prefix = ''): void {
  const paths = [...inSpec(spec)].map((path) => prefix + path);
  if (paths.length > 0) throw notOffered(paths);
}
