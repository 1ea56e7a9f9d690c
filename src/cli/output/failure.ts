import { CodedError } from '../../errors/coded-error.ts';
import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';
import { CliError } from './cli-error.ts';
import { printable } from './format.ts';
import type { JobView } from './job-view.ts';
import { paint, type Terminal } from './terminal.ts';

/** A failure as a person reads it: what, the single places, and what to do. */
export function failureText(error: unknown, terminal: Pick<Terminal, 'color'>): string {
  const { message, details, remedy, code } = presentable(error);
  return [
    `${paint(terminal, 'red', 'error')}${code ? ` [${code}]` : ''}: ${printable(message)}`,
    ...details.map((line) => `  ${printable(line)}`),
    ...(remedy ? [`${paint(terminal, 'yellow', 'remedy')}: ${printable(remedy)}`] : []),
    '',
  ].join('\n');
}

/** The same for a program. */
export function failureJson(error: unknown): string {
  const { message, details, remedy, code } = presentable(error);
  return `${JSON.stringify({ error: { code: code ?? null, message, details, remedy: remedy ?? null } })}\n`;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  // A setting that is wrong is as good as a wrong argument.
  return error instanceof CodedError && error.code === 'INVALID_REQUEST' ? exitCodes.usage : exitCodes.failed;
}

interface Presentable {
  readonly message: string;
  readonly details: readonly string[];
  readonly remedy: string | undefined;
  readonly code: string | undefined;
}

function presentable(error: unknown): Presentable {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return { message: String(error), details: [], remedy: undefined, code: undefined };
  // Coded errors of the product carry their remedy as `remedy`; others are reported as they are.
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { message: error.message, details: [], remedy, code };
}

/** Why a job failed, with the end of what FFmpeg said. */
export function jobFailure({ name, phase, error, message }: JobView): CliError {
  const tail = (error?.stderrTail ?? '').trimEnd().split('\n').slice(-8);
  return new CliError(
    exitCodes.failed,
    `${name} ${phase === 'Cancelled' ? 'was cancelled' : 'failed'}: ${error?.message ?? message ?? 'no reason given'}`,
    {
      ...(error ? { code: error.code } : {}),
      ...(error?.remedy ? { remedy: error.remedy } : {}),
      details: tail[0] === '' ? [] : ['the end of what FFmpeg said:', ...tail.map((line) => `  ${line}`)],
    },
  );
}
