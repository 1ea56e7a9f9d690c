/** Exit codes of the command line, for scripts. Those of a worker are in the error table. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  rejected: 4,
  serverFailed: 5,
  gpuUnusable: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Meaning of each code, for the help and the reference. */
export const exitCodeMeanings: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: exitCodes.ok, meaning: 'success' },
  { code: exitCodes.failed, meaning: 'the job failed or was cancelled, or the operation did not succeed' },
  { code: exitCodes.usage, meaning: 'the command line is wrong; nothing was sent' },
  { code: exitCodes.unreachable, meaning: 'the server cannot be reached' },
  { code: exitCodes.rejected, meaning: 'the server rejected the request (HTTP 4xx or 501)' },
  { code: exitCodes.serverFailed, meaning: 'the server failed (any other HTTP 5xx)' },
  {
    code: exitCodes.gpuUnusable,
    meaning: 'probe: Quick Sync does not work although the machine has an Intel GPU or one is required',
  },
  { code: exitCodes.interrupted, meaning: 'interrupted with Ctrl-C; a submitted job continues' },
];
