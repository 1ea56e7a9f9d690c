import { CodedError } from '../errors/coded-error.ts';

/** Why a server cannot listen: `ADDRESS_IN_USE`, or `INVALID_REQUEST` for an address that this machine cannot open. */
export function listenError(
  cause: unknown,
  { host, port, remedy }: { readonly host: string; readonly port: number; readonly remedy: string },
): CodedError {
  const inUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CodedError(
    inUse ? 'ADDRESS_IN_USE' : 'INVALID_REQUEST',
    `Expected to listen on ${host}:${port}, got: ${reason}`,
    {
      remedy: inUse
        ? `${remedy}, or stop the program that uses it.`
        : 'Use 127.0.0.1, 0.0.0.0 or another address of this machine as the host, and a port from 1024.',
      cause,
    },
  );
}
