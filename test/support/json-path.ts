/** A member of a JSON document, however deep; `undefined` where there is none. */
function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    if (Array.isArray(inner)) {
      const list: readonly unknown[] = inner;
      return typeof step === 'number' ? list.at(step) : undefined;
    }
    return Object.hasOwn(inner, step) ? Object.entries(inner).find(([key]) => key === String(step))?.[1] : undefined;
  }, value);
}

export function text(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = member(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function number(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  const found = member(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

export function list(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = member(value, ...path);
  return Array.isArray(found) ? found : [];
}
