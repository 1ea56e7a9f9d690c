import type { ApiCall } from './api-call.ts';

export interface ResourcePath {
  /** `v1` for the core group, else group and version, such as `batch/v1`. */
  readonly apiVersion: string;
  /** Plural, such as `jobs`. */
  readonly resource: string;
  /** All namespaces, or a resource without one, when absent. */
  readonly namespace?: string | undefined;
  /** The collection when absent. */
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The path of a resource of the API, of one of its objects or of a subresource of that. */
export function resourcePath({ apiVersion, resource, namespace, name, subresource }: ResourcePath): string {
  const root = apiVersion.includes('/') ? '/apis' : '/api';
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const parts = [name, subresource].flatMap((part) => (part === undefined ? [] : `/${encodeURIComponent(part)}`));
  return `${root}/${apiVersion}${scope}/${resource}${parts.join('')}`;
}

/** A label selector for the objects that have all of these labels. */
export function labelSelector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export interface DeleteOptions {
  /** Another object of the same name is not deleted: the API server answers 409. */
  readonly uid: string;
  /** Of pods; their own grace period when absent. */
  readonly gracePeriodSeconds?: number;
  /** What becomes of the objects that it owns; the default of the resource when absent. */
  readonly propagationPolicy?: 'Background';
}

/** The call that deletes one object. */
export function deleteCall(path: string, { uid, ...options }: DeleteOptions): ApiCall {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, ...options };
  return { method: 'DELETE', path, body };
}
