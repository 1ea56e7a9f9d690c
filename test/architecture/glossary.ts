import { readFileSync } from 'node:fs';
import { inCheckout } from '../support/checkout.ts';

/** A word or phrase that the glossary replaces. */
export interface ForbiddenWord {
  /** Lower case, words apart by one space. */
  readonly phrase: string;
  /** Files and folders (with a slash at their end) in which it may stand: an inherited name, in the room of its API. */
  readonly except: readonly string[];
}

/** The tables of `docs/glossary.md` as data: the column *Not*, with the exceptions of the inherited names. */
export function forbiddenWords(text = readFileSync(inCheckout('docs/glossary.md'), 'utf8')): ForbiddenWord[] {
  const words: ForbiddenWord[] = [];
  let columns: readonly string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) {
      columns = [];
      continue;
    }
    const cells = line.split('|').slice(1, -1);
    if (columns.length === 0) columns = cells.map((cell) => cell.trim());
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    const except = codeSpans(cell('Except in'));
    for (const phrase of codeSpans(cell('Not'))) words.push({ phrase, except });
  }
  return words;
}

function codeSpans(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}

/** The words of a line, those inside compound names too: `withEdgePad`, `EDGE_PAD` and `edge-pad` have `edge`. */
export function wordsOf(line: string): string {
  return line
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/[_\-\s]+/g, ' ')
    .toLowerCase();
}

/** One sentence per forbidden word in a text. */
export function violations(path: string, text: string, words: readonly ForbiddenWord[]): string[] {
  const forbidden = words.filter(
    ({ except }) => !except.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place)),
  );
  const phrases = forbidden.map(({ phrase }) => phrase).toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![a-z])(?:${phrases.join('|')})(?![a-z])`, 'g');
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...wordsOf(line).matchAll(pattern)].map(([phrase]) => `${path}:${index + 1}: "${phrase}" in: ${line.trim()}`),
    );
}
