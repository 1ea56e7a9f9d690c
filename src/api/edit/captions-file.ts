import type { Caption } from '../../model/job/operations.ts';

function timestamp(milliseconds: number): string {
  const pad = (value: number, width: number): string => String(Math.floor(value)).padStart(width, '0');
  const seconds = milliseconds / 1000;
  return `${pad(seconds / 3600, 2)}:${pad((seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}.${pad(milliseconds % 1000, 3)}`;
}

/** Text of a cue. A blank line would end the cue, so it gets a no-break space; markup is escaped. */
function cueText(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped
    .split(/\r\n|\r|\n/)
    .map((line) => (line.trim() === '' ? '\u00a0' : line))
    .join('\n');
}

/** Captions as a WebVTT file (https://www.w3.org/TR/webvtt1/), which unlike SRT can escape any text. */
export function captionsFile(captions: readonly Caption[]): string {
  const cues = captions.map(({ from, to, text }) => `${timestamp(from)} --> ${timestamp(to)}\n${cueText(text)}\n`);
  return ['WEBVTT\n', ...cues].join('\n');
}
