import { boxesIn, findBox, type Mp4Box, malformed } from '../mp4/boxes.ts';
import { viewOf } from '../mp4/bytes.ts';

/**
 * The `codecs` parameter (RFC 6381) of a track, from the decoder configuration in its sample entry. Players choose a
 * decoder by it before they load media, so it must describe the stream itself.
 *
 * @param entry a box of `stsd`
 * @throws CodedError FFMPEG_FAILED for a codec without a known name, or a truncated configuration
 */
export function codecString(bytes: Uint8Array, entry: Mp4Box): string {
  const write = writers[entry.type];
  if (write === undefined) throw malformed(`the sample entry ${entry.type}`);
  return write(bytes, entry);
}

type Writer = (bytes: Uint8Array, entry: Mp4Box) => string;

const writers: Readonly<Record<string, Writer>> = {
  avc1: avc,
  avc3: avc,
  hvc1: hevc,
  hev1: hevc,
  av01: av1,
  vp09: vp9,
  mp4a: mpeg4Audio,
  'ac-3': named,
  'ec-3': named,
  fLaC: named,
  Opus: named,
  alac: named,
};

function named(_bytes: Uint8Array, { type }: Mp4Box): string {
  return type;
}

/** Profile, constraints and level (RFC 6381, section 3.3). */
function avc(bytes: Uint8Array, entry: Mp4Box): string {
  const config = videoConfig(bytes, entry, 'avcC', 4);
  return `${entry.type}.${[1, 2, 3].map((at) => hex(config[at] ?? 0)).join('')}`;
}

/** ISO/IEC 14496-15, annex E.3. */
function hevc(bytes: Uint8Array, entry: Mp4Box): string {
  const config = videoConfig(bytes, entry, 'hvcC', 13);
  const [, first = 0] = config;
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? '';
  const compatibility = reversedBits(viewOf(config).getUint32(2)).toString(16);
  const tier = (first & 0x20) === 0 ? 'L' : 'H';
  const constraints = [...config.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const level = config[12] ?? 0;
  return [
    entry.type,
    `${space}${first & 0x1f}`,
    compatibility.toUpperCase(),
    `${tier}${level}`,
    ...constraints.map((constraint) => constraint.toString(16).toUpperCase()),
  ].join('.');
}

/** AV1 Codec ISO Media File Format Binding, section 5; colours are written only where they differ from the default. */
function av1(bytes: Uint8Array, entry: Mp4Box): string {
  const [, second = 0, third = 0] = videoConfig(bytes, entry, 'av1C', 4);
  const tier = (third & 0x80) === 0 ? 'M' : 'H';
  const depth = (third & 0x40) === 0 ? 8 : (third & 0x20) === 0 ? 10 : 12;
  const short = ['av01', String(second >> 5), `${decimals(second & 0x1f)}${tier}`, decimals(depth)];
  const colours = colourOf(bytes, entry);
  const [x, y, position] = [(third >> 3) & 1, (third >> 2) & 1, third & 3];
  const chroma = `${x}${y}${x === 1 && y === 1 ? position : 0}`;
  const mono = (third >> 4) & 1;
  const plain = mono === 0 && chroma === '110' && (colours === undefined || colours.join() === '1,1,1,0');
  if (plain || colours === undefined) return short.join('.');
  const [primaries, transfer, matrix, range] = colours;
  return [...short, mono, chroma, decimals(primaries), decimals(transfer), decimals(matrix), range].join('.');
}

/** VP Codec ISO Media File Format Binding, section "Codecs Parameter String". */
function vp9(bytes: Uint8Array, entry: Mp4Box): string {
  const config = videoConfig(bytes, entry, 'vpcC', 10).subarray(4);
  const [profile = 0, level = 0, third = 0, primaries = 1, transfer = 1, matrix = 1] = config;
  const [chroma, range] = [(third >> 1) & 7, third & 1];
  const values = [profile, level, third >> 4];
  // "Unspecified" is not a value of the parameter; without the optional part it means BT.709 in 4:2:0.
  const plain =
    [primaries, transfer, matrix].every((value) => value === 1 || value === 2) && chroma <= 1 && range === 0;
  return ['vp09', ...[...values, ...(plain ? [] : [chroma, primaries, transfer, matrix, range])].map(decimals)].join(
    '.',
  );
}

/** Object types of ISO/IEC 14496-1 and 14496-3, from the descriptors in `esds`. */
function mpeg4Audio(bytes: Uint8Array, entry: Mp4Box): string {
  const esds = findBox(bytes, ['esds'], entry.content + 28, entry.end);
  if (esds === undefined) throw malformed('audio without esds');
  const decoder = descriptor(bytes, esds.content + 4, esds.end, [0x03, 0x04]);
  const type = decoder === undefined ? undefined : bytes[decoder.content];
  if (decoder === undefined || type === undefined) throw malformed('audio without a decoder configuration');
  if (type !== 0x40) return `mp4a.${hex(type).toUpperCase()}`;
  const specific = descriptor(bytes, decoder.content + 13, decoder.end, [0x05]);
  const [first = 0, second = 0] = specific === undefined ? [] : bytes.subarray(specific.content, specific.end);
  const object = first >> 3;
  return `mp4a.40.${object === 31 ? 32 + ((first & 7) << 3) + (second >> 5) : object}`;
}

/** Follows a path of tags through nested descriptors; an ES descriptor has three bytes of fields before them. */
function descriptor(
  bytes: Uint8Array,
  start: number,
  end: number,
  [tag, ...rest]: readonly number[],
): { readonly content: number; readonly end: number } | undefined {
  let at = start;
  while (at < end) {
    const found = bytes[at];
    let [length, byte] = [0, 0x80];
    at += 1;
    for (let count = 0; count < 4 && (byte & 0x80) !== 0 && at < end; count++, at++) {
      byte = bytes[at] ?? 0;
      length = (length << 7) | (byte & 0x7f);
    }
    const content = at;
    at += length;
    if (at > end) return undefined;
    if (found !== tag) continue;
    if (rest.length === 0) return { content, end: at };
    return descriptor(bytes, content + 3, at, rest);
  }
  return undefined;
}

/** Content of a box in a video sample entry, whose boxes follow 78 bytes of fields. */
function videoConfig(bytes: Uint8Array, entry: Mp4Box, type: string, least: number): Uint8Array {
  const config = findBox(bytes, [type], entry.content + 78, entry.end);
  if (config === undefined) throw malformed(`video without ${type}`);
  if (config.end - config.content < least) throw malformed(`${type} of ${config.end - config.content} bytes`);
  return bytes.subarray(config.content, config.end);
}

/** Primaries, transfer, matrix and full range of a `colr` box of the kind `nclx`. */
function colourOf(bytes: Uint8Array, entry: Mp4Box): readonly [number, number, number, number] | undefined {
  const view = viewOf(bytes);
  const colr = boxesIn(bytes, entry.content + 78, entry.end).find(
    ({ type, content, end }) => type === 'colr' && end - content >= 11 && view.getUint32(content) === 0x6e636c78,
  );
  if (colr === undefined) return undefined;
  const at = (offset: number): number => view.getUint16(colr.content + offset);
  return [at(4), at(6), at(8), (bytes[colr.content + 10] ?? 0) >> 7];
}

function reversedBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = reversed * 2 + ((value >>> bit) & 1);
  return reversed;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function decimals(value: number): string {
  return String(value).padStart(2, '0');
}
