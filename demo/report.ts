import { basename } from 'node:path';
import { formatTable } from '../src/cli/output/format.ts';
import type { Terminal } from '../src/cli/output/terminal.ts';
import { paint } from '../src/cli/output/terminal.ts';
import type { Check, Facts } from './checks.ts';

/** The outcome of one render. */
export interface Outcome {
  readonly title: string;
  readonly ranOn: string;
  /** Seconds from the start of the worker to its end. */
  readonly wallSeconds: number | undefined;
  readonly speed: number | undefined;
  readonly file: string | undefined;
  readonly facts: Facts | undefined;
  readonly checks: readonly Check[];
  readonly failure: string | undefined;
}

export function passed({ checks, failure }: Outcome): boolean {
  return failure === undefined && checks.length > 0 && checks.every(({ ok }) => ok);
}

/** The table of all renders, and the figures of every check that failed. */
export function reportText(outcomes: readonly Outcome[], terminal: Pick<Terminal, 'color'>): string {
  const rows = outcomes.map((outcome) => {
    const { title, ranOn, wallSeconds, speed, facts, file, checks } = outcome;
    const good = checks.filter(({ ok }) => ok).length;
    return [
      title,
      ranOn,
      wallSeconds === undefined ? '' : `${wallSeconds.toFixed(1)} s`,
      speed === undefined ? '' : `${speed.toFixed(1)}x`,
      facts === undefined ? '' : `${facts.size} ${facts.duration.toFixed(2)} s ${facts.codecs}`,
      file === undefined ? '' : basename(file),
      passed(outcome) ? `ok (${good})` : `FAILED (${good} of ${checks.length})`,
    ];
  });
  const lines = formatTable(['OPERATION', 'RAN ON', 'WALL', 'SPEED', 'OUTPUT', 'FILE', 'CHECKS'], rows).split('\n');
  const [header = '', ...body] = lines;
  // Coloured after the columns are laid out: escape codes have no width.
  const colored = body.map((line) =>
    line.replace(/(ok \(\d+\)|FAILED \(.*\))$/, (text) =>
      paint(terminal, text.startsWith('ok') ? 'green' : 'red', text),
    ),
  );
  const failures = outcomes.flatMap(({ title, checks, failure }) => [
    ...(failure === undefined ? [] : [`${title}: ${failure}`]),
    ...checks.filter(({ ok }) => !ok).map(({ what, figures }) => `${title}: ${what}: ${figures}`),
  ]);
  return [paint(terminal, 'bold', header), ...colored, ...(failures.length > 0 ? ['', ...failures] : [])].join('\n');
}
