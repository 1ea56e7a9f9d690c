import { exitCodes } from '../../errors/exit-codes.ts';
import { CliError } from './cli-error.ts';
import { printable } from './format.ts';
import type { JobView } from './job-view.ts';
import { paint, type Terminal } from './terminal.ts';

/** A failure for people: what happened, the single members that are wrong, and the remedy. */
export function failureText({ message, details, remedy, code }: CliError, terminal: Pick<Terminal, 'color'>): string {
  return [
    `${paint(terminal, 'red', 'error')}${code ? ` [${code}]` : ''}: ${printable(message)}`,
    ...details.map((line) => `  ${printable(line)}`),
    ...(remedy ? [`${paint(terminal, 'yellow', 'remedy')}: ${printable(remedy)}`] : []),
    '',
  ].join('\n');
}

/** The same for a program. */
export function failureJson({ message, details, remedy, code }: CliError): string {
  return `${JSON.stringify({ error: { code: code ?? null, message, details, remedy: remedy ?? null } })}\n`;
}

/** Why a job failed, with the end of FFmpeg's output. */
export function jobFailure({ name, phase, error, message }: JobView): CliError {
  const tail = (error?.stderrTail ?? '').trimEnd().split('\n').slice(-8);
  return new CliError(
    exitCodes.failed,
    `${name} ${phase === 'Cancelled' ? 'was cancelled' : 'failed'}: ${error?.message ?? message ?? 'no reason given'}`,
    {
      code: error?.code,
      remedy: error?.remedy,
      details: tail[0] === '' ? [] : ['end of the FFmpeg output:', ...tail.map((line) => `  ${line}`)],
    },
  );
}
