import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { labelValue } from '../../model/job/primitives.ts';
import {
  type RenderJobManifest,
  type RenderJobSpec,
  renderJobManifest,
  renderJobSpec,
} from '../../model/job/render-job.ts';
import { invalidRequest, parse } from '../http/validation.ts';

/** Labels and annotations under this prefix are the server's own. */
const reservedPrefix = 'framewright.dev/';

/** What `POST /apis/render-jobs` takes: a spec, or a whole manifest. */
export const nativeBody = z.union([renderJobSpec, renderJobManifest]);

export interface NativeRequest {
  readonly spec: RenderJobSpec;
  readonly metadata: NonNullable<RenderJobManifest['metadata']>;
  /** What stands before the paths of the spec in the body. */
  readonly prefix: string;
}

/** Tells a manifest from a bare spec before validating, so that errors name the paths of what was meant. */
export function readNativeBody(body: unknown): NativeRequest {
  const isManifest =
    typeof body === 'object' && body !== null && ('spec' in body || 'apiVersion' in body || 'kind' in body);
  if (!isManifest) return { spec: parse(renderJobSpec, body, 'body'), metadata: {}, prefix: '' };
  const { spec, metadata = {} } = parse(renderJobManifest, body, 'body');
  requireUnreserved('metadata.labels', metadata.labels);
  requireUnreserved('metadata.annotations', metadata.annotations);
  return { spec, metadata, prefix: 'spec.' };
}

export const nativePatch = z
  .strictObject({
    priority: renderJobSpec.shape.priority,
    suspend: renderJobSpec.shape.suspend,
    ttlSecondsAfterFinished: renderJobSpec.shape.ttlSecondsAfterFinished,
    labels: z
      .record(z.string().min(1).max(253), labelValue.nullable())
      .optional()
      .describe('Labels to set; null removes one.'),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    error: 'at least one field must be set',
  })
  .describe('What may change after a job was made.');

export function requireUnreserved(path: string, map: Readonly<Record<string, unknown>> | undefined): void {
  const keys = Object.keys(map ?? {});
  const reserved = keys.filter((key) => key.startsWith(reservedPrefix));
  if (reserved.length > 0) {
    throw invalidRequest(
      reserved.map((key) => ({ path: `${path}.${key}`, message: `keys under ${reservedPrefix} are reserved` })),
    );
  }
  // Kubernetes takes no other keys, and a job must be able to live there.
  const name = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
  const malformed = keys.filter((key) => !name.test(key));
  if (malformed.length > 0)
    throw invalidRequest(
      malformed.map((key) => ({ path: `${path}.${key.slice(0, 80)}`, message: 'must be a Kubernetes label key' })),
    );
}

/** The namespace that a caller may work in: the own one, or for an admin any. */
export function allowedNamespace(
  caller: { readonly role: string; readonly namespace: string },
  wanted: string | undefined,
): string {
  if (wanted === undefined || wanted === caller.namespace || caller.role === 'admin') return wanted ?? caller.namespace;
  throw new CodedError('FORBIDDEN', `Expected the namespace of the key (${caller.namespace}), got another one.`);
}
