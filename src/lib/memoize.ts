/** Values that were computed, by key; `undefined` is a value too. Held by the caller, so that it ends with its owner. */
export type Memory<K, V> = Map<K, { readonly value: V }>;

/** The value of a key in `memory`, computed once: at the first call for that key. */
export function memoize<K, V>(memory: Memory<K, V>, key: K, compute: () => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known.value;
  const value = compute();
  memory.set(key, { value });
  return value;
}
