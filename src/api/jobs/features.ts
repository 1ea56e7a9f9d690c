import { CodedError, type ErrorDetail } from '../../errors/coded-error.ts';
import type { RenderJobSpec } from '../../model/job/render-job.ts';
import { manager } from '../../model/labels.ts';

// A field of the model that this installation does not support is rejected when a job is created, never ignored.

/** Features that only some installations have: inputs and destinations outside their own store, and cluster settings. */
export const features = ['s3Sources', 's3Destinations', 'pvc', 'queue', 'podTemplate'] as const;
export type Feature = (typeof features)[number];

function* unsupportedFields(spec: RenderJobSpec, has: (feature: Feature) => boolean): Generator<string> {
  for (const [index, { s3, pvc }] of spec.inputs.entries()) {
    if (s3 !== undefined && !has('s3Sources')) yield `inputs[${index}].s3`;
    if (pvc !== undefined && !has('pvc')) yield `inputs[${index}].pvc`;
  }
  const { s3, pvc } = spec.output?.destination ?? {};
  if (s3 !== undefined && !has('s3Destinations')) yield 'output.destination.s3';
  if (pvc !== undefined && !has('pvc')) yield 'output.destination.pvc';
  if (spec.queue !== undefined && !has('queue')) yield 'queue';
  if (spec.podTemplate !== undefined && !has('podTemplate')) yield 'podTemplate';
  if (spec.managedBy !== undefined && spec.managedBy !== manager) yield 'managedBy';
}

/** `UNSUPPORTED` that names the fields. */
export function unsupportedError(paths: readonly string[]): CodedError {
  const details: ErrorDetail[] = paths.map((path) => ({ path, message: 'is not supported by this installation' }));
  const [first, ...more] = paths;
  const named = more.length === 0 ? `field \`${first}\`` : `fields ${paths.map((path) => `\`${path}\``).join(', ')}`;
  return new CodedError('UNSUPPORTED', `This installation does not support the ${named}.`, { details });
}

/** Rejects a spec with fields that this installation does not support. `prefix` starts the paths in the error. */
export function requireFeatures(spec: RenderJobSpec, supported: ReadonlySet<Feature> = new Set(), prefix = ''): void {
  const paths = [...unsupportedFields(spec, (feature) => supported.has(feature))].map((path) => prefix + path);
  if (paths.length > 0) throw unsupportedError(paths);
}
