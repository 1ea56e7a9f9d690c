import { type ErrorCode, type ErrorDefinition, errorTable } from './error-table.ts';

/** One failing field of a document: a path such as `spec.operations[0].trim.end`, and what was expected and got. */
export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

export interface CodedErrorOptions extends ErrorOptions {
  /** A more precise remedy than that of the table. */
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

/** Any thrown value as a coded error; one without a code is a defect (`INTERNAL_ERROR`) and is kept as the cause. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CodedError('INTERNAL_ERROR', message, { cause: error });
}
