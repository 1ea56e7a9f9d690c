import type { Probe } from '../probe/probe.ts';

/** Where the packets of one stream begin and end, in seconds on the clock of the file. */
export interface StreamEnd {
  readonly start: number;
  readonly end: number;
  readonly packets: number;
}

/** By the index of the stream. */
export type StreamEnds = ReadonlyMap<number, StreamEnd>;

/** Collects ends from lines of `ffprobe -show_entries packet=stream_index,pts_time,duration_time -of csv=p=0`. */
export function createEndsReader(): { readonly push: (text: string) => void; readonly ends: () => StreamEnds } {
  const ends = new Map<number, StreamEnd>();
  const timed = new Set<number>();
  let rest = '';
  const read = (line: string): void => {
    const [, index, pts, duration] = /^(\d+),(-?[\d.]+|N\/A),([\d.]+|N\/A)/.exec(line) ?? [];
    if (index === undefined) return;
    const seconds = Number(duration) || 0;
    if (seconds > 0) timed.add(Number(index));
    const known = ends.get(Number(index));
    // Raw streams have no time stamps: their packets follow one another.
    const at = pts === 'N/A' ? (known?.end ?? 0) : Number(pts);
    ends.set(Number(index), {
      start: Math.min(known?.start ?? at, at),
      end: Math.max(known?.end ?? at, at + seconds),
      packets: (known?.packets ?? 0) + 1,
    });
  };
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(read);
    },
    ends: () => {
      read(rest);
      rest = '';
      return new Map([...ends].map(([index, end]) => [index, withLastPacket(end, timed.has(index))]));
    },
  };
}

/** Where packets have no duration, the last one gets the mean of the others. */
function withLastPacket(stream: StreamEnd, timed: boolean): StreamEnd {
  const { start, end, packets } = stream;
  return timed || packets < 2 ? stream : { ...stream, end: end + (end - start) / (packets - 1) };
}

/** With fewer bytes per second than this, the duration in the container is checked. */
const fewestBytesPerSecond = 1000;
/** Matroska counts its duration from 0 or from its start, depending on the program that wrote it; below this it does not matter. */
const lateStart = 0.05;

/**
 * Whether the duration in a container is missing (recordings of browsers, raw streams), or not plausible. Files with a
 * duration far beyond their size are small, so that reading them is quick.
 */
export function needsEnds({ bytes, duration, format, startTime, video, audio }: Probe): boolean {
  if (video.length + audio.length === 0 || isStill(format)) return false;
  if (duration <= 0) return true;
  if (format.includes('matroska') && Math.abs(startTime) > lateStart) return true;
  return duration > 10 && bytes / duration < fewestBytesPerSecond;
}

/** Images and text files have no duration of their own. */
function isStill(format: string): boolean {
  return /(^|,)(image2|[a-z0-9]+_pipe|srt|webvtt|ass|ssa)(,|$)/.test(format);
}

/** A message when a file ends earlier than its declared duration; `undefined` where the difference is a few packets. */
export function endsTooEarly({ duration, startTime, video, audio }: Probe, ends: StreamEnds): string | undefined {
  const found = [...video, ...audio].map(({ index }) => (ends.get(index)?.end ?? startTime) - startTime);
  const last = Math.max(0, ...found);
  if (found.length === 0 || duration - last <= 0.25) return undefined;
  return `ends at ${last.toFixed(3)} s, and declares a duration of ${duration.toFixed(3)} s`;
}
