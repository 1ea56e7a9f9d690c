/** Values by their keys, each made once; `undefined` is a value too. */
export type Memory<K, V> = Map<K, { readonly value: V }>;

/** The value of a key, made when it is asked for the first time. */
export function memoize<K, V>(memory: Memory<K, V>, key: K, make: () => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known.value;
  const value = make();
  memory.set(key, { value });
  return value;
}
