import { CodedError, type ErrorDetail } from '../../errors/coded-error.ts';
import type { RenderJobSpec } from '../../model/job/render-job.ts';
import { manager } from '../../model/labels.ts';

// What the model has and this installation does not do is refused when a job is made, never accepted and forgotten.

/** What some installations do: inputs and destinations outside their own store, and wishes that only a cluster knows. */
export const features = ['s3Sources', 's3Destinations', 'pvc', 'queue', 'podTemplate'] as const;
export type Feature = (typeof features)[number];

function* inSpec(spec: RenderJobSpec, has: (offer: Feature) => boolean): Generator<string> {
  for (const [index, { s3, pvc }] of spec.inputs.entries()) {
    if (s3 !== undefined && !has('s3Sources')) yield `inputs[${index}].s3`;
    if (pvc !== undefined && !has('pvc')) yield `inputs[${index}].pvc`;
  }
  const { file, s3, pvc } = spec.output?.destination ?? {};
  if (file !== undefined) yield 'output.destination.file';
  if (s3 !== undefined && !has('s3Destinations')) yield 'output.destination.s3';
  if (pvc !== undefined && !has('pvc')) yield 'output.destination.pvc';
  if (spec.webhook !== undefined) yield 'webhook';
  if (spec.queue !== undefined && !has('queue')) yield 'queue';
  if (spec.podTemplate !== undefined && !has('podTemplate')) yield 'podTemplate';
  if (spec.managedBy !== undefined && spec.managedBy !== manager) yield 'managedBy';
}

/** `UNSUPPORTED` that names the fields. */
export function unsupportedFeature(paths: readonly string[]): CodedError {
  const details: ErrorDetail[] = paths.map((path) => ({ path, message: 'is not offered by this installation' }));
  const [first, ...more] = paths;
  const named = more.length === 0 ? `field \`${first}\`` : `fields ${paths.map((path) => `\`${path}\``).join(', ')}`;
  return new CodedError('UNSUPPORTED', `This installation does not offer the ${named}.`, { details });
}

/** Refuses a spec that asks for what this installation does not do. `prefix` is put before the paths. */
export function requireFeatures(spec: RenderJobSpec, offered: ReadonlySet<Feature> = new Set(), prefix = ''): void {
  const paths = [...inSpec(spec, (offer) => offered.has(offer))].map((path) => prefix + path);
  if (paths.length > 0) throw unsupportedFeature(paths);
}
