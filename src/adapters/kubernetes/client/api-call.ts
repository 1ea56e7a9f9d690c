import { UnreachableError } from './api-error.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** How a PATCH whose members replace those of the object is sent (RFC 7396). */
export const mergePatch = 'application/merge-patch+json';

export interface ApiCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From `/api` or `/apis` on, its parts already encoded. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: object;
  /** Of the body; plain JSON when absent, else a kind of patch. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Until the whole answer has arrived, waits and retries included; 30 seconds when absent. */
  readonly timeoutMs?: number;
}

/** Method and path. The query is left out: it may contain tokens. */
export function describeCall({ method = 'GET', path }: ApiCall): string {
  return `${method} ${path}`;
}

/** `?name=value&…`, or nothing. */
export function queryString(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size === 0 ? '' : `?${params.toString()}`;
}

/**
 * The JSON of an answer; undefined when its body is empty.
 *
 * @throws UnreachableError when it is not JSON
 */
export function parseAnswer(text: string, call: ApiCall): unknown {
  if (text === '') return undefined;
  try {
    const answer: unknown = JSON.parse(text);
    return answer;
  } catch (error) {
    throw new UnreachableError(`${describeCall(call)} was not answered in JSON; is that an API server?`, {
      cause: error,
    });
  }
}

/** The error for a call without an answer. */
export function unreachable(call: ApiCall, signal: AbortSignal, error: unknown): UnreachableError {
  // An aborted call fails with whatever error came first; the signal has the reason.
  const cause: unknown = signal.aborted ? signal.reason : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UnreachableError(`${describeCall(call)} got no answer: ${why}`, { cause });
}
