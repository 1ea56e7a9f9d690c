import { CodedError } from '../../errors/coded-error.ts';
import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';

export interface CliErrorOptions extends ErrorOptions {
  readonly remedy?: string | undefined;
  /** Single members that are wrong, one line each. */
  readonly details?: readonly string[];
  /** The error code of the server or of the product, where there is one. */
  readonly code?: string | undefined;
}

/** A failure that a person at a terminal can act upon: what happened, the remedy, and the exit code that reports it. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;
  readonly details: readonly string[];
  readonly code: string | undefined;

  constructor(exitCode: ExitCode, message: string, { remedy, details = [], code, ...options }: CliErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
    this.remedy = remedy;
    this.details = details;
    this.code = code;
  }
}

/** The command line itself is wrong; nothing was sent anywhere. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';

  constructor(message: string, options: Omit<CliErrorOptions, 'code'> = {}) {
    super(exitCodes.usage, message, options);
  }
}

/** Any thrown value as a CliError. Coded errors keep their code and remedy; a wrong setting counts as a wrong argument. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof CodedError) {
    const { code, message, remedy } = error;
    const exitCode = code === 'INVALID_REQUEST' ? exitCodes.usage : exitCodes.failed;
    return new CliError(exitCode, message, { code, remedy, cause: error });
  }
  if (!(error instanceof Error)) return new CliError(exitCodes.failed, String(error));
  // System errors of Node have codes such as ENOENT.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return new CliError(exitCodes.failed, error.message, { code, cause: error });
}
