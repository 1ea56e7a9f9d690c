import { type ErrorDefinition, errorTable } from '../../src/errors/error-table.ts';
import { generatedFrom, page, table } from './markdown.ts';

const retries = { no: 'no', yes: 'yes', elsewhere: 'on another node' } as const;

/** `errors.md`: every coded error, what it means and what to do. */
export function errorsPage(): string {
  const all = Object.entries<ErrorDefinition>(errorTable);
  const workers = all
    .filter(([, { exit }]) => exit !== undefined)
    .toSorted(([, a], [, b]) => (a.exit ?? 0) - (b.exit ?? 0));
  return page(
    generatedFrom('src/errors/error-table.ts'),
    '# Errors',
    'Every error of the REST API, of a job and of a worker has a code from this table. The message beside it says what was ' +
      'expected and what was got; the remedy says what to do. The Edit API has another name for one of them: see ' +
      '[inherited names](../inherited-names.md).',
    table(
      ['code', 'HTTP', 'retried', 'meaning', 'remedy'],
      all.map(([code, { status, retry, infrastructure, summary, remedy }]) => [
        `\`${code}\``,
        String(status),
        `${retries[retry]}${infrastructure ? ', not charged' : ''}`,
        summary,
        remedy,
      ]),
    ),
    '**Retried**: whether another attempt of the job may help. One that is *not charged* does not count towards `retry.limit`, ' +
      'since the job had no part in it.',
    '## Exit codes of a worker',
    'A worker (`framewright worker`, started by the server) ends with 0 or one of these. 137 and 143 are the ' +
      "system's: killed and terminated.",
    table(
      ['exit', 'code', 'meaning'],
      workers.map(([code, { exit, summary }]) => [String(exit), `\`${code}\``, summary]),
    ),
    'The exit codes of the command line are in [cli.md](cli.md).',
  );
}
