/** Subtitle files whose times can be changed: by the name of their format. */
export function hasTextTimes(format: string): boolean {
  return Object.hasOwn(rewriters, format);
}

/** A new moment for each, or nothing where a text comes to lie outside of the timeline. Seconds. */
export type MoveText = (from: number, to: number) => readonly [from: number, to: number] | undefined;

/**
 * A subtitle file with other times; its texts, styles and notes stay as they are. Texts that are moved nowhere go.
 *
 * @param format `srt`, `webvtt` or `ass`, as FFmpeg names them.
 */
export function rewriteTextTimes(content: string, format: string, move: MoveText): string {
  const text = content.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  return rewriters[format]?.(text, move) ?? text;
}

const rewriters: Readonly<Record<string, (text: string, move: MoveText) => string>> = {
  srt: (text, move) => cues(text, move, ','),
  webvtt: (text, move) => cues(text, move, '.'),
  ass: events,
  ssa: events,
};

const arrow = /^(\s*)((?:\d+:)?\d+:\d+[.,]\d+)(\s*-->\s*)((?:\d+:)?\d+:\d+[.,]\d+)(.*)$/m;

/** SubRip and WebVTT: blocks between empty lines, each with a line of times. */
function cues(text: string, move: MoveText, separator: ',' | '.'): string {
  const blocks = text.split(/\n[ \t]*\n/).flatMap((block) => {
    const [line, indent = '', from = '', mark = '', to = '', settings = ''] = arrow.exec(block) ?? [];
    if (line === undefined) return [block];
    const moved = move(secondsOf(from), secondsOf(to));
    if (moved === undefined) return [];
    const [start, end] = moved.map((seconds) => clock(seconds, 3, separator));
    return [block.replace(line, () => `${indent}${start}${mark}${end}${settings}`)];
  });
  return `${blocks.join('\n\n').trimEnd()}\n`;
}

/** ASS: the second and third field of each event. */
function events(text: string, move: MoveText): string {
  const lines = text.split('\n').flatMap((line) => {
    const [, head, from = '', to = '', rest] =
      /^((?:Dialogue|Comment): [^,]*,)([\d:.]+),([\d:.]+),(.*)$/.exec(line) ?? [];
    if (head === undefined) return [line];
    const moved = move(secondsOf(from), secondsOf(to));
    return moved === undefined ? [] : [`${head}${moved.map((seconds) => clock(seconds, 2, '.')).join(',')},${rest}`];
  });
  return lines.join('\n');
}

function secondsOf(text: string): number {
  const [seconds = '0', minutes = '0', hours = '0'] = text.replace(',', '.').split(':').toReversed();
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function clock(seconds: number, digits: 2 | 3, separator: string): string {
  const units = Math.round(Math.max(0, seconds) * 10 ** digits);
  const whole = Math.floor(units / 10 ** digits);
  const two = (value: number): string => String(value).padStart(2, '0');
  const fraction = String(units % 10 ** digits).padStart(digits, '0');
  // ASS has one digit of hours as a rule.
  const hours = digits === 2 ? String(Math.floor(whole / 3600)) : two(Math.floor(whole / 3600));
  return `${hours}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${separator}${fraction}`;
}
