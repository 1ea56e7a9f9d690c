import { expect } from 'vitest';

/** One line of `EXT-X-STREAM-INF` or another tag, as its attributes. */
export type Attributes = Readonly<Record<string, string>>;

/** A playlist of HLS, read by the letter of RFC 8216 and by no code of ours. */
export interface Playlist {
  readonly text: string;
  /** Tags by name, with what stands after the colon. */
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  readonly segments: readonly {
    readonly uri: string;
    readonly duration: number;
    readonly range?: { readonly length: number; readonly offset: number };
  }[];
  readonly variants: readonly { readonly uri: string; readonly attributes: Attributes }[];
  /** Everything it leads to. */
  readonly uris: readonly string[];
}

export function parsePlaylist(text: string): Playlist {
  const lines = text.split('\n');
  expect(lines[0]).toBe('#EXTM3U');
  expect(text.endsWith('\n')).toBe(true);
  const tags: { name: string; value: string }[] = [];
  const segments: Playlist['segments'][number][] = [];
  const variants: Playlist['variants'][number][] = [];
  const uris: string[] = [];
  let [duration, range, variant]: [number | undefined, { length: number; offset: number } | undefined, string?] = [
    undefined,
    undefined,
  ];
  for (const line of lines.slice(1, -1)) {
    const tag = /^#(EXT[A-Z0-9-]*)(?::(.*))?$/.exec(line);
    if (tag === null) {
      expect(line).not.toMatch(/^#|^\s|^$/);
      uris.push(line);
      if (variant !== undefined) variants.push({ uri: line, attributes: attributesOf(variant) });
      else segments.push({ uri: line, duration: duration ?? Number.NaN, ...(range !== undefined && { range }) });
      [duration, range, variant] = [undefined, undefined, undefined];
      continue;
    }
    const [, name = '', value = ''] = tag;
    tags.push({ name, value });
    if (name === 'EXTINF') duration = Number(/^([0-9.]+),/.exec(value)?.[1]);
    if (name === 'EXT-X-STREAM-INF') variant = value;
    if (name === 'EXT-X-BYTERANGE') {
      const [length, offset] = value.split('@').map(Number);
      range = { length: length ?? Number.NaN, offset: offset ?? Number.NaN };
    }
    const uri = attributesOf(value)['URI'];
    if (uri !== undefined) uris.push(uri);
  }
  return { text, tags, segments, variants, uris: [...new Set(uris)] };
}

/** `A=1,B="x,y"` (RFC 8216, section 4.2), quotes taken off. */
export function attributesOf(value: string): Attributes {
  const pairs = [...value.matchAll(/([A-Z0-9-]+)=("([^"\r\n]*)"|[^",]*)(?:,|$)/g)];
  return Object.fromEntries(pairs.map(([, name = '', raw = '', quoted]) => [name, quoted ?? raw]));
}

/** The values of all tags of a name, as attributes. */
export function tagged({ tags }: Playlist, name: string): Attributes[] {
  return tags.filter((tag) => tag.name === name).map(({ value }) => attributesOf(value));
}

export function tagOf({ tags }: Playlist, name: string): string | undefined {
  return tags.find((tag) => tag.name === name)?.value;
}
