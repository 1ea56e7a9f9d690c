import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';

/** A failure that a person at a terminal can act upon: what happened, and what to do. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;
  /** Single places that are wrong, one line each. */
  readonly details: readonly string[];
  /** The server's error code, where there is one. */
  readonly code: string | undefined;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: ErrorOptions & { remedy?: string; details?: readonly string[]; code?: string } = {},
  ) {
    super(message, options);
    this.exitCode = exitCode;
    this.remedy = options.remedy;
    this.details = options.details ?? [];
    this.code = options.code;
  }
}

/** The command line itself is wrong; nothing was sent anywhere. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';

  constructor(message: string, options: ErrorOptions & { remedy?: string; details?: readonly string[] } = {}) {
    super(exitCodes.usage, message, options);
  }
}
