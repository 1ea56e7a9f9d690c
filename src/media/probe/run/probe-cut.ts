import { type MediaTools, runTool } from '../../ffmpeg/run/run-tool.ts';
import { type CutPackets, parsePackets, parseTimes, type VideoPacket } from '../../smart-cut/packets.ts';
import type { Probe, VideoStream } from '../probe.ts';

export interface CutProbeOptions {
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
}

/** A range in seconds from the start of the file; without `end` it goes to the end of the file. */
export interface CutRange {
  readonly start: number;
  readonly end?: number;
}

/** NAL unit types of key frames at which decoding can begin (H.264 table 7-1, H.265 table 7-1). */
const splicePointTypes: Readonly<Record<string, string>> = { h264: '5', hevc: '16-21' };
/** Wide enough for the GOP of nearly every encoder (250 frames); a second search is this many times wider. */
const windowSeconds = 12;
const widerBy = 10;
/** Frames that are stored after a time may be shown before it; no codec moves them farther. */
const reorderSeconds = 2;
const timeoutMs = 60_000;
/** Two minutes at 240 frames per second are 600 kB. */
const outputBytes = 8 * 1024 * 1024;

/**
 * The packets near the ends of a cut, for files whose streams can be cut by copying; `undefined` for all others and where
 * nothing could be read. Only indexes and packets are read: nothing is decoded.
 */
export async function probeCut(
  probe: Probe,
  range: CutRange,
  options: CutProbeOptions,
): Promise<CutPackets | undefined> {
  const [stream] = probe.video;
  if (stream === undefined || splicePointTypes[stream.codec] === undefined || probe.duration <= 0) return undefined;
  const near = async (time: number): Promise<{ readonly from: number; readonly packets: VideoPacket[] }> => {
    // Transport streams have no index: reading may begin after the wanted key frame.
    for (const lead of [0.5, windowSeconds, windowSeconds * widerBy]) {
      const from = Math.max(0, time - lead);
      const packets = await packetsBetween(probe, stream, from, time + reorderSeconds, options);
      if (from === 0 || packets.some(({ key, pts }) => key && secondsOf(pts, stream, probe) <= time))
        return { from, packets };
    }
    return { from: 0, packets: [] };
  };
  const end = range.end === undefined || range.end >= probe.duration ? undefined : await near(range.end);
  const { from } = await near(range.start);
  const start = await fromStart(probe, stream, from, range, options);
  return { ...start, ...(end && { end: end.packets }) };
}

/** Reads until a splice point is found after the start of the cut, or the end of the cut is reached. */
async function fromStart(
  probe: Probe,
  stream: VideoStream,
  from: number,
  { start, end = probe.duration }: CutRange,
  options: CutProbeOptions,
): Promise<Pick<CutPackets, 'start' | 'splicePoints'>> {
  for (const width of [windowSeconds, windowSeconds * widerBy]) {
    const until = Math.min(end, start + width);
    const splicePoints = await splicePointsBetween(probe.path, stream, from, until + reorderSeconds, options);
    const found = splicePoints.find((pts) => secondsOf(pts, stream, probe) >= start - 0.5 / rateOf(stream));
    if (found === undefined && until < end) continue;
    const last = found === undefined ? until : secondsOf(found, stream, probe);
    return { start: await packetsBetween(probe, stream, from, last + reorderSeconds, options), splicePoints };
  }
  return { start: [], splicePoints: [] };
}

/** A presentation time in seconds from the start of the file. */
function secondsOf(pts: number, { timeBase }: VideoStream, { startTime }: Probe): number {
  return (pts * timeBase.num) / timeBase.den - startTime;
}

function rateOf({ frameRate }: VideoStream): number {
  return frameRate.num > 0 ? frameRate.num / frameRate.den : 1000;
}

async function packetsBetween(
  { path, startTime }: Probe,
  { index }: VideoStream,
  from: number,
  until: number,
  { tools, signal }: CutProbeOptions,
): Promise<VideoPacket[]> {
  const guards = ['-v', 'error', '-hide_banner', '-protocol_whitelist', 'file'];
  // Unlike ffmpeg, ffprobe counts on the clock of the file, which need not begin at 0.
  const begin = from === 0 ? '' : (from + startTime).toFixed(6);
  const interval = `${begin}%${(until + startTime).toFixed(6)}`;
  const part = ['-select_streams', String(index), '-read_intervals', interval];
  const argv = [...guards, ...part, '-show_entries', 'packet=pts,flags', '-of', 'csv=p=0', '-i', `file:${path}`];
  const run = await runTool(tools.ffprobe, argv, tools.env, { timeoutMs, outputBytes, signal });
  return parsePackets(run.stdout);
}

async function splicePointsBetween(
  path: string,
  { index, codec }: VideoStream,
  from: number,
  until: number,
  { tools, signal }: CutProbeOptions,
): Promise<number[]> {
  const limit = ['-t', (until - from).toFixed(6)];
  const input = ['-protocol_whitelist', 'file', '-copyts', ...(from === 0 ? [] : ['-ss', from.toFixed(6)])];
  const only = [
    '-map',
    `0:${index}`,
    '-c',
    'copy',
    '-bsf:v',
    `filter_units=pass_types=${splicePointTypes[codec] ?? ''}`,
  ];
  const argv = ['-hide_banner', '-nostdin', '-v', 'error', ...input, ...limit, '-i', `file:${path}`, ...only];
  const run = await runTool(tools.ffmpeg, [...argv, '-f', 'framecrc', '-'], tools.env, {
    timeoutMs,
    outputBytes,
    signal,
  });
  return run.exitCode === 0 ? parseTimes(run.stdout) : [];
}
