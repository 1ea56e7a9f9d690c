import { type ApiObject, isLater, keyOfObject } from '../api-object.ts';

export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly object: T }
  | { readonly type: 'changed'; readonly key: string; readonly object: T; readonly before: T }
  | { readonly type: 'removed'; readonly key: string; readonly object: T };

/** Values under which an object is found; without any it is not in the index. */
export type Index<T> = (object: T) => readonly string[];

/** Most values have one key, and a set of one takes ten times the memory. */
type KeysByValue = Map<string, string | Set<string>>;

/** How many uids of deleted objects are kept, so that a late event does not restore one. */
const maxDeletedUids = 10_000;

/**
 * The latest known state of objects, by key and by indexes. A version is never replaced by an earlier one, whether it comes
 * from a watch, a list or the answer to our own write. An object of the same name with another uid is another object.
 */
export class ObjectCache<T extends ApiObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, { readonly of: Index<T>; readonly keys: KeysByValue }>;
  readonly #deletedUids = new Set<string>();
  readonly #onChange: (change: Change<T>) => void;

  constructor(indexes: Readonly<Record<string, Index<T>>>, onChange: (change: Change<T>) => void) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, of]) => [name, { of, keys: new Map() }]));
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): MapIterator<T> {
    return this.#objects.values();
  }

  /** @throws Error when there is no index of that name */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined)
      throw new Error(`Expected one of the indexes ${[...this.#indexes.keys()].join(', ')}, got ${name}`);
    const keys = index.keys.get(value) ?? [];
    return (typeof keys === 'string' ? [keys] : [...keys]).flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Stores a state, unless a later one of the same object is known, or the object was deleted. */
  put(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    if (this.#deletedUids.has(uid)) return;
    const key = keyOfObject(object);
    const before = this.#objects.get(key);
    if (before === undefined) {
      this.#set(key, object);
      this.#onChange({ type: 'added', key, object });
      return;
    }
    // Versions of one API server grow over all objects of a resource: a later object of the same name has a later version.
    if (isLater(resourceVersion, before.metadata.resourceVersion) === false) return;
    if (before.metadata.uid !== uid) {
      this.#delete(key, before);
      this.put(object);
      return;
    }
    this.#unindex(key, before);
    this.#set(key, object);
    this.#onChange({ type: 'changed', key, object, before });
  }

  /** Removes a deleted object. A newer object of the same name stays. */
  remove(object: T): void {
    const key = keyOfObject(object);
    const known = this.#objects.get(key);
    if (known?.metadata.uid === object.metadata.uid) this.#delete(key, known);
    else this.#addDeleted(object.metadata.uid);
  }

  /**
   * Removes everything except these keys of a complete list at a version. Objects later than the list stay: the list could
   * not contain them.
   */
  retain(keys: ReadonlySet<string>, listVersion: string): void {
    for (const [key, object] of this.#objects) {
      if (keys.has(key) || isLater(object.metadata.resourceVersion, listVersion) === true) continue;
      this.#delete(key, object);
    }
  }

  #delete(key: string, object: T): void {
    this.#addDeleted(object.metadata.uid);
    this.#objects.delete(key);
    this.#unindex(key, object);
    this.#onChange({ type: 'removed', key, object });
  }

  #addDeleted(uid: string): void {
    this.#deletedUids.add(uid);
    if (this.#deletedUids.size <= maxDeletedUids) return;
    const [oldest] = this.#deletedUids;
    if (oldest !== undefined) this.#deletedUids.delete(oldest);
  }

  #set(key: string, object: T): void {
    this.#objects.set(key, object);
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(object)) {
        const known = keys.get(value);
        if (known === undefined) keys.set(value, key);
        else if (typeof known !== 'string') known.add(key);
        else if (known !== key) keys.set(value, new Set([known, key]));
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(object)) {
        const known = keys.get(value);
        if (typeof known === 'object' && known.delete(key) && known.size > 0) continue;
        if (known === key || (typeof known === 'object' && known.size === 0)) keys.delete(value);
      }
    }
  }
}
