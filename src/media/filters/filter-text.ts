/** A filter that `filter()` has written: its name, and its options as they were before escaping. */
export interface WrittenFilter {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Reads back what `filter()` of graph.ts has written; the inverse of it and of `escapeFilterValue`. */
export function readFilter(text: string): WrittenFilter {
  const at = text.indexOf('=');
  if (at < 0) return { name: text, options: {} };
  const pairs = parts(unescaped(text.slice(at + 1)), ':').map((pair): readonly [string, string] => {
    const [key = ''] = parts(pair, '=');
    return [key, unescaped(pair.slice(key.length + 1))];
  });
  return { name: text.slice(0, at), options: Object.fromEntries(pairs) };
}

/** One layer of escaping less: a backslash makes the character after it an ordinary one. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gsu, '$1');
}

/** The parts between separators that are not escaped. */
function parts(text: string, separator: string): string[] {
  const found = [''];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === separator) found.push('');
    else found[found.length - 1] += character === '\\' ? character + text.charAt((at += 1)) : character;
  }
  return found;
}
