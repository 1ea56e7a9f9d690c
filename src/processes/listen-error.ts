import { CodedError } from '../errors/coded-error.ts';

/** The error of a server that cannot listen on its address. */
export function listenError(
  cause: unknown,
  { host, port, remedy }: { readonly host: string; readonly port: number; readonly remedy: string },
): CodedError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CodedError('CONFLICT', `Expected to listen on ${host}:${port}, got: ${reason}`, {
    remedy: `${remedy}, or stop the program that uses it.`,
    cause,
  });
}
