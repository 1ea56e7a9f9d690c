/** A value, or why there is none: an outcome that the caller expects and handles, unlike an error. */
export type Result<T, Why = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: Why };

export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function failure<Why>(why: Why): { readonly ok: false; readonly why: Why } {
  return { ok: false, why };
}
