import { z } from 'zod';
import { isRecord } from '../../../lib/json.ts';
import { apiVersion, type RenderJob, type RenderJobSpec, type RenderJobStatus } from '../../../model/job/render-job.ts';
import { annotations as keys, finalizers as names } from '../../../model/labels.ts';
import type { JobRef, NewJob } from '../../../ports/job-store.ts';
import { type ApiObject, isApiObject, type ObjectMeta } from '../client/api-object.ts';
import { resourcePath } from '../client/resource-path.ts';
import { creationOrder, creationTime } from './creation-cursor.ts';
import { StringInterner } from './string-interner.ts';

/** A RenderJob as the cache keeps it: the job, and the metadata that is not part of the model. */
export interface CachedJob extends ApiObject {
  readonly metadata: ObjectMeta;
  readonly job: RenderJob;
  /** Its key in the order of creation; comparable as text. */
  readonly order: string;
}

// The API server has validated both against the schema, which is generated from the model.
const storedSpec = z.custom<RenderJobSpec>(isRecord);
const storedStatus = z.custom<RenderJobStatus>(isRecord);
const strings = new StringInterner();

/** A RenderJob of the API, or undefined when it is not one. Modifies the value: only for freshly parsed JSON. */
export function acceptRenderJob(value: unknown): CachedJob | undefined {
  if (!isApiObject(value) || value.metadata.namespace === undefined || !('spec' in value)) return undefined;
  const spec = storedSpec.safeParse(value.spec);
  const status = 'status' in value ? storedStatus.safeParse(strings.share(value.status)) : undefined;
  if (!spec.success) return undefined;
  const { metadata } = value;
  const job: RenderJob = {
    apiVersion,
    kind: 'RenderJob',
    metadata: jobMetadata(metadata, value.metadata.namespace),
    spec: spec.data,
    ...(status?.success === true ? { status: status.data } : {}),
  };
  return { metadata: keptMetadata(metadata), job, order: creationOrder(metadata) };
}

function jobMetadata(metadata: ObjectMeta, namespace: string): RenderJob['metadata'] {
  const { name, uid, resourceVersion, generation = 1, deletionTimestamp, labels } = metadata;
  const annotations = withoutOwn(metadata.annotations);
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp: creationTime(metadata),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(labels === undefined ? {} : { labels: { ...labels } }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function withoutOwn(annotations: ObjectMeta['annotations'] = {}): Record<string, string> | undefined {
  const { [keys.created]: _, ...others } = annotations;
  return Object.keys(others).length === 0 ? undefined : others;
}

function keptMetadata({ name, namespace, uid, resourceVersion, labels, finalizers }: ObjectMeta): ObjectMeta {
  return {
    name,
    uid,
    resourceVersion,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
}

/** The object to POST for a new job. */
export function renderJobBody({ namespace, name, spec, labels, annotations }: NewJob, created: string): object {
  return {
    apiVersion,
    kind: 'RenderJob',
    metadata: {
      namespace,
      name,
      labels,
      annotations: { ...annotations, [keys.created]: created },
      finalizers: [names.cleanup],
    },
    spec,
  };
}

/** Path of the RenderJobs of a namespace, or of all of them. */
export function renderJobsPath(namespace?: string): string {
  return resourcePath({ apiVersion, resource: 'renderjobs', namespace });
}

export function renderJobPath({ namespace, name }: JobRef, subresource?: 'status'): string {
  return resourcePath({ apiVersion, resource: 'renderjobs', namespace, name, subresource });
}
