import { basename } from 'node:path';
import { UsageError } from '../output/cli-error.ts';

/** Where the bytes of an input come from, as it was typed. */
export type Source =
  | { readonly kind: 'upload'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'asset'; readonly asset: string }
  | { readonly kind: 'file'; readonly file: string };

export interface NamedSource {
  readonly name: string;
  readonly source: Source;
}

/** A local path, an http(s) address, `asset:NAME` (on the server already) or `file:PATH` (below its media root). */
function parseSource(text: string): Source {
  if (/^https?:\/\//i.test(text)) return { kind: 'url', url: text };
  const [, scheme, rest] = /^(asset|file):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) {
    const [, other] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
    if (other)
      throw new UsageError(`expected a local file, an http(s) URL, asset:NAME or file:PATH, got a ${other} URL`);
    if (text === '') throw new UsageError('expected a file, got an empty name');
    return { kind: 'upload', path: text };
  }
  if (rest === '') throw new UsageError(`expected a name after ${scheme}:, got nothing`);
  return scheme === 'asset' ? { kind: 'asset', asset: rest } : { kind: 'file', file: rest };
}

/** Collects the inputs of a job: the same source twice is one input, and names come from file names. */
export class JobInputs {
  readonly #sources = new Map<string, NamedSource>();

  /** The name under which operations refer to the source. */
  add(text: string): string {
    const known = this.#sources.get(text);
    if (known) return known.name;
    const taken = new Set([...this.#sources.values()].map(({ name }) => name));
    const named = { name: freeName(text, taken), source: parseSource(text) };
    this.#sources.set(text, named);
    return named.name;
  }

  get all(): readonly NamedSource[] {
    return [...this.#sources.values()];
  }
}

function freeName(text: string, taken: ReadonlySet<string>): string {
  const stem = basename(text.replace(/[?#].*$/s, ''))
    .replace(/^(asset|file):/, '')
    .replace(/\.[^.]*$/, '');
  const plain =
    stem
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(0, 36)
      .replaceAll(/^-+|-+$/g, '') || 'input';
  if (!taken.has(plain)) return plain;
  let number = 2;
  while (taken.has(`${plain}-${number}`)) number += 1;
  return `${plain}-${number}`;
}
