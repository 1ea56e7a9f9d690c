/** `T` with optional members where they may be undefined. */
export type OmitUndefined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * A copy without the members whose value is undefined: under `exactOptionalPropertyTypes` an optional member is absent,
 * never undefined.
 */
export function omitUndefined<T extends object>(value: T): OmitUndefined<T>;
export function omitUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
