import { isRecord } from '../../../lib/json.ts';

/** The members of every object of the Kubernetes API, as on the wire: times are strings. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** A type of the client library as on the wire, where dates are strings. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Wire<T[Key]> }
      : T;

/** Whether an answer is an object of the API. The API server's schema guarantees its further fields. */
export function isApiObject(value: unknown): value is ApiObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  const { name, uid, resourceVersion } = value['metadata'];
  return typeof name === 'string' && typeof uid === 'string' && typeof resourceVersion === 'string';
}

/** The items of a list of the API; none when it is not a list. */
export function listOf(value: unknown): readonly unknown[] {
  return isRecord(value) && Array.isArray(value['items']) ? value['items'] : [];
}

/** `namespace/name`, or the name alone for objects without a namespace. */
export function keyOfObject({ metadata: { namespace, name } }: ApiObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The uid of the controller that owns an object, if any. Names are reused, uids are not. */
export function controllerUid({ metadata: { ownerReferences } }: ApiObject): string | undefined {
  return ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

const decimal = /^(0|[1-9]\d*)$/;

/**
 * Whether version `a` is later than `b`. Comparable are decimal numbers of any length (KEP-5504, Kubernetes 1.35, and
 * every API server on etcd before it). Of other versions it is only known whether they are equal: undefined.
 */
export function isLater(a: string, b: string): boolean | undefined {
  if (a === b) return false;
  if (!decimal.test(a) || !decimal.test(b)) return undefined;
  return a.length === b.length ? a > b : a.length > b.length;
}
