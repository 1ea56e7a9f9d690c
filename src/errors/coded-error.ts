import { type ErrorCode, type ErrorDefinition, errorTable } from './error-table.ts';

/** One failing place of a document: a path such as `spec.operations[0].trim.end`, and what was expected and got there. */
export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

export interface CodedErrorOptions extends ErrorOptions {
  /** Replaces the remedy of the table where a more precise one is known. */
  readonly remedy?: string;
  readonly details?: readonly ErrorDetail[];
}

/** The only error class that carries a code. The message says what was expected and what was got; never a secret. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: readonly ErrorDetail[];

  constructor(code: ErrorCode, message: string, options: CodedErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.remedy = options.remedy ?? errorTable[code].remedy;
    this.details = options.details ?? [];
  }

  get definition(): ErrorDefinition {
    return errorTable[this.code];
  }
}

/** Any thrown value as a coded error; what has no code is a defect of ours (`INTERNAL_ERROR`) with its cause kept. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CodedError('INTERNAL_ERROR', message, { cause: error });
}
