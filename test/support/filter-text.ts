import type { Filter } from '../../src/media/filters/graph.ts';

/** FFmpeg's av_get_token: reads up to a terminator, and removes one layer of quoting. */
export function token(text: string, terminators: string): { readonly value: string; readonly rest: string } {
  let at = 0;
  let value = '';
  let end = 0;
  while (/\s/.test(text[at] ?? '')) at += 1;
  while (at < text.length && !terminators.includes(text[at] ?? '')) {
    const character = text[at];
    at += 1;
    if (character === '\\' && at < text.length) {
      value += text[at];
      at += 1;
      end = value.length;
    } else if (character === "'") {
      while (at < text.length && text[at] !== "'") {
        value += text[at];
        at += 1;
      }
      at += 1;
      end = value.length;
    } else {
      value += character;
      if (!/\s/.test(character ?? '')) end = value.length;
    }
  }
  return { value: value.slice(0, end), rest: text.slice(at) };
}

/** One filter as FFmpeg reads it: first the graph parser, then the option parser. */
export function readFilter(text: string): Filter {
  const at = text.indexOf('=');
  if (at < 0) return { name: text, options: {} };
  const graph = token(text.slice(at + 1), '[],;');
  if (graph.rest !== '') throw new Error(`Expected one filter, got ${text}`);
  const options: [string, string][] = [];
  for (let rest = graph.value; rest !== ''; ) {
    const equals = rest.indexOf('=');
    const option = token(rest.slice(equals + 1), ':');
    options.push([rest.slice(0, equals), option.value]);
    rest = option.rest.slice(1);
  }
  return { name: text.slice(0, at), options: Object.fromEntries(options) };
}
