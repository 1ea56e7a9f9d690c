import type { Caption, SubtitleStyle } from '../../model/job/operations.ts';

/** Control characters and the line separators that some parsers take for an end of line. */
const breaks = /\r\n?|[\n\u0085\u2028\u2029]/g;
const controls = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g;
/** An invisible character that keeps two others from being read as one mark. */
const joiner = '\u2060';

function lines(text: string): string[] {
  return text
    .replaceAll(breaks, '\n')
    .replaceAll(controls, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function clock(milliseconds: number, fractionDigits: 2 | 3, separator: string): string {
  const units = Math.round(milliseconds / 10 ** (3 - fractionDigits));
  const perSecond = 10 ** fractionDigits;
  const seconds = Math.floor(units / perSecond);
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = String(units % perSecond).padStart(fractionDigits, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${separator}${rest}`;
}

/** Captions as SubRip text. Marks such as `<i>` and `{\an8}` are kept from working: captions are plain text. */
export function toSubRip(captions: readonly Caption[]): string {
  const blocks = [...captions]
    .sort((a, b) => a.from - b.from)
    .flatMap(({ from, to, text }) => {
      const plain = lines(text).map((line) => line.replaceAll(/<(?=[/A-Za-z])|\{(?=\\)/g, (mark) => mark + joiner));
      // Parsers take an arrow between numbers for a line of times.
      const safe = plain.map((line) => line.replaceAll('-->', '->'));
      return safe.length === 0 ? [] : [`${clock(from, 3, ',')} --> ${clock(to, 3, ',')}\n${safe.join('\n')}\n`];
    });
  return `${blocks.map((block, index) => `${index + 1}\n${block}`).join('\n')}\n`;
}

/** Captions as WebVTT (W3C), where text is safe by its entities. */
export function toWebVtt(captions: readonly Caption[]): string {
  const cues = [...captions]
    .sort((a, b) => a.from - b.from)
    .flatMap(({ from, to, text }) => {
      const safe = lines(text).map((line) =>
        line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
      );
      return safe.length === 0 ? [] : [`${clock(from, 3, '.')} --> ${clock(to, 3, '.')}\n${safe.join('\n')}\n`];
    });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

/** Plain text as the text of an ASS event: braces would start an override block, and `\N` and its kin are commands. */
function escapeAssText(text: string): string {
  return lines(text)
    .map((line) => line.replaceAll(/\\(?=[Nnh{}])/g, `\\${joiner}`).replaceAll(/[{}]/g, (brace) => `\\${brace}`))
    .join(String.raw`\N`);
}

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** Members of an ASS style in the names of the V4+ format. */
export function assStyle(style: SubtitleStyle, { height }: FrameSize): Readonly<Record<string, string | number>> {
  const {
    font = 'Sans',
    size = 5,
    color = '#ffffff',
    outlineColor = '#000000',
    outline,
    background = false,
    margin = 4,
  } = style;
  const percent = (value: number): number => Math.round(value * height) / 100;
  const outlineWidth = percent((outline ?? 2) / 10);
  return {
    Fontname: font,
    Fontsize: Math.max(1, percent(size)),
    PrimaryColour: assColour(color, 0),
    OutlineColour: background ? assColour('#000000', 0x60) : assColour(outlineColor, 0),
    BackColour: assColour('#000000', 0x60),
    Bold: style.bold === true ? -1 : 0,
    Italic: style.italic === true ? -1 : 0,
    // 3 draws a box whose size is the outline.
    BorderStyle: background ? 3 : 1,
    Outline: background ? Math.max(1, outlineWidth) : outlineWidth,
    Shadow: 0,
    Alignment: { bottom: 2, middle: 5, top: 8 }[style.position ?? 'bottom'],
    MarginV: Math.round(percent(margin)),
  };
}

/** `#rrggbb` as ASS writes it: alpha (0 is opaque), blue, green, red. */
function assColour(color: string, alpha: number): string {
  const [red, green, blue] = [color.slice(1, 3), color.slice(3, 5), color.slice(5, 7)];
  return `&H${alpha.toString(16).padStart(2, '0')}${blue}${green}${red}`.toUpperCase();
}

/** Captions as an ASS script whose pixels are those of the frame. */
export function toAss(captions: readonly Caption[], style: SubtitleStyle, size: FrameSize): string {
  const members = {
    Name: 'Default',
    ...assStyle(style, size),
    MarginL: Math.round(size.width * 0.05),
    MarginR: Math.round(size.width * 0.05),
    Encoding: 1,
  };
  const events = [...captions]
    .sort((a, b) => a.from - b.from)
    .map(
      ({ from, to, text }) =>
        `Dialogue: 0,${clock(from, 2, '.')},${clock(to, 2, '.')},Default,,0,0,0,,${escapeAssText(text)}`,
    );
  return [
    '[Script Info]',
    'ScriptType: v4.00+',
    `PlayResX: ${size.width}`,
    `PlayResY: ${size.height}`,
    'ScaledBorderAndShadow: yes',
    'WrapStyle: 0',
    '',
    '[V4+ Styles]',
    `Format: ${Object.keys(members).join(', ')}`,
    `Style: ${Object.values(members).join(',')}`,
    '',
    '[Events]',
    'Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
    ...events,
    '',
  ].join('\n');
}
