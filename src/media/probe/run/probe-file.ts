import { readFile, stat } from 'node:fs/promises';
import { CodedError } from '../../../errors/coded-error.ts';
import { type MediaTools, runTool, type ToolLimits, type ToolRun } from '../../ffmpeg/run/run-tool.ts';
import { hasTextTimes } from '../../outputs/text-times.ts';
import { createEndsReader, needsEnds, type StreamEnds } from '../../planning/stream-ends.ts';
import { parseFrameHdr, parseProbe } from '../ffprobe-parser.ts';
import type { Probe } from '../probe.ts';

export interface ProbeOptions {
  readonly tools: Pick<MediaTools, 'ffprobe' | 'env'>;
  readonly signal: AbortSignal;
  /** Times in seconds near which the key frames of the first video stream are listed. */
  readonly keyframesNear?: readonly number[];
  /** Longest time of each ffprobe process; 60 s when absent. */
  readonly timeoutMs?: number;
  /** The file is a playlist that this worker has written, with its segments beside it; other playlists are rejected. */
  readonly playlist?: boolean;
  /** The name of the file in messages, where its path means nothing to a person. */
  readonly label?: string;
}

const defaultTimeoutMs = 60_000;
/** Long enough for a recording of hours on a slow disk. */
const wholeFileTimeoutMs = 600_000;
/** The entries that are read. Titles and comments can be of any size and do not matter to a render. */
const entries = [
  'format=format_name,duration,start_time,size,bit_rate',
  'stream',
  'stream_tags',
  'stream_disposition',
  'stream_side_data',
  'chapter=id',
].join(':');
/** A description has a few kilobytes; megabytes are an attack on the memory of the worker. */
const outputBytes = 4 * 1024 * 1024;

/**
 * Demuxers of self-contained media. Playlists and scripts (hls, dash, concat, sdp, …) are not in the list: an uploaded
 * file could name other files that its owner must not read.
 */
const formats = [
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,ogg,asf,mxf,gxf,wtv,rm,nut,ivf,obu,av1',
  'h264,hevc,vvc,m4v,vc1,vc1test,dv,dnxhd,yuv4mpegpipe,mjpeg,gif,apng',
  'wav,w64,aiff,caf,mp3,aac,flac,ac3,eac3,dts,dtshd,truehd,mlp,tta,wv,ape,tak,amr,au,oma,voc,loas,latm',
  'image2,png_pipe,jpeg_pipe,jpegls_pipe,jpegxl_pipe,webp_pipe,bmp_pipe,tiff_pipe,ppm_pipe,pgm_pipe,pam_pipe,svg_pipe',
  'webp_anim,gif_pipe,avif,srt,webvtt,ass,ssa',
].join(',');

/**
 * The properties of a local media file. Safe on hostile files: ffprobe opens only that file, has a time limit, and its
 * output is bounded. Rejects with `SOURCE_NOT_FOUND`, `INPUT_INVALID` (empty, no media, damaged beyond opening) or
 * `INPUT_UNSUPPORTED` (a playlist or another kind of file that is not media itself).
 */
export async function probeFile(path: string, options: ProbeOptions): Promise<Probe> {
  const label = options.label ?? path;
  await assertContent(path, label);
  const argv = ['-show_entries', entries, '-show_data_hash', 'sha256', '-of', 'json'];
  const run = await ffprobe(path, argv, options);
  const failed = run.exitCode !== 0 || run.exceeded !== undefined;
  if (failed) throw probeError(label, run);
  const claimed = parse(path, label, run.stdout);
  const ends = needsEnds(claimed) ? await readEnds(path, options) : undefined;
  const probe = await withFrameHdr(ends === undefined ? claimed : parse(path, label, run.stdout, ends), options);
  if (probe.video.length + probe.audio.length + probe.subtitles.length + probe.coverArt === 0) {
    throw new CodedError(
      'INPUT_INVALID',
      `Expected ${label} to contain video, audio or subtitles, got a file without them`,
    );
  }
  if (hasTextTimes(probe.format) && probe.bytes <= textBytes) return { ...probe, text: await textOf(path) };
  const times = options.keyframesNear ?? [];
  if (times.length === 0 || probe.video.length === 0) return probe;
  return { ...probe, keyframes: await keyframesNear(path, times, options) };
}

/** Largest subtitle file that is read into memory: more than the spoken words of any film. */
const textBytes = 1024 * 1024;

/** Content of a subtitle file, in the encodings that FFmpeg recognizes by their byte order mark. */
async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * Where the packets of each stream begin and end, from reading the whole file without decoding it. Packets after damage
 * that ends the reading are left out.
 */
export async function readEnds(path: string, options: ProbeOptions): Promise<StreamEnds> {
  const reader = createEndsReader();
  const argv = ['-show_entries', 'packet=stream_index,pts_time,duration_time', '-of', 'csv=p=0'];
  const onOutput = (chunk: Buffer): void => reader.push(chunk.toString('latin1'));
  await ffprobe(path, argv, { ...options, timeoutMs: wholeFileTimeoutMs }, onOutput);
  return reader.ends();
}

/** Most files have HDR metadata in the stream itself, where ffprobe reads it only from a decoded frame. */
async function withFrameHdr(probe: Probe, options: ProbeOptions): Promise<Probe> {
  const [first, ...others] = probe.video;
  const isHdr = first?.colorTransfer === 'smpte2084' || first?.colorTransfer === 'arib-std-b67';
  if (first === undefined || !isHdr || first.hdr !== undefined) return probe;
  const frame = ['-select_streams', String(first.index), '-read_intervals', '%+#1'];
  const argv = [...frame, '-show_entries', 'frame_side_data', '-show_frames', '-of', 'json'];
  const run = await ffprobe(probe.path, argv, options);
  // A frame that does not decode fails the render later, with a better message.
  const hdr = run.exitCode === 0 ? parseFrameHdr(run.stdout) : undefined;
  return hdr === undefined ? probe : { ...probe, video: [{ ...first, hdr, hdrInFrames: true }, ...others] };
}

/** Packets of the first video and audio stream, counted by reading the whole file without decoding it. */
export async function countPackets(
  path: string,
  options: ProbeOptions,
): Promise<{ readonly video?: number; readonly audio?: number }> {
  const argv = ['-count_packets', '-show_entries', 'stream=codec_type,nb_read_packets', '-of', 'csv=p=0'];
  const run = await ffprobe(path, argv, options);
  const counts = run.stdout.split('\n').map((line) => /^(video|audio),(\d+)/.exec(line));
  const first = (type: string): number | undefined => {
    const packets = counts.find((count) => count?.[1] === type)?.[2];
    return packets === undefined ? undefined : Number(packets);
  };
  const video = first('video');
  const audio = first('audio');
  return { ...(video !== undefined && { video }), ...(audio !== undefined && { audio }) };
}

/** Wide enough for the GOP of nearly every encoder (250 frames); a second search is this many times wider. */
const windowSeconds = 12;
const widerBy = 10;
/** A seek to the key frame before a time may need to start this much earlier (open GOP, edit lists). */
const leadSeconds = 0.5;

/** Presentation times of the key frames before and after each given time, ascending and each once. */
async function keyframesNear(path: string, wanted: readonly number[], options: ProbeOptions): Promise<number[]> {
  const found = new Set<number>();
  for (const time of [...new Set(wanted)].toSorted((a, b) => a - b)) {
    for (const width of [windowSeconds, windowSeconds * widerBy]) {
      const keyframes = await keyframesWithin(path, Math.max(0, time - leadSeconds), width, options);
      for (const keyframe of keyframes) found.add(keyframe);
      if (keyframes.some((keyframe) => keyframe >= time)) break;
    }
  }
  return [...found].toSorted((a, b) => a - b);
}

/** Reads from the key frame at or before `start`, like a seek, for `seconds`. */
async function keyframesWithin(path: string, start: number, seconds: number, options: ProbeOptions): Promise<number[]> {
  const argv = ['-select_streams', 'v:0', '-read_intervals', `${start.toFixed(6)}%${(start + seconds).toFixed(6)}`];
  const run = await ffprobe(path, [...argv, '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0'], options);
  return run.stdout
    .split('\n')
    .map((line) => /^(-?[0-9.]+),[^,]*K/.exec(line)?.[1])
    .filter((time) => time !== undefined)
    .map(Number);
}

function ffprobe(
  path: string,
  argv: readonly string[],
  options: ProbeOptions,
  onOutput?: ToolLimits['onOutput'],
): Promise<ToolRun> {
  const allowed = options.playlist === true ? `${formats},hls` : formats;
  const guards = ['-v', 'error', '-hide_banner', '-protocol_whitelist', 'file', '-format_whitelist', allowed];
  return runTool(options.tools.ffprobe, [...guards, ...argv, '-i', `file:${path}`], options.tools.env, {
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    outputBytes,
    signal: options.signal,
    ...(onOutput && { onOutput }),
  });
}

/** Clear errors for a missing file, a folder and an empty file, which ffprobe does not give. */
async function assertContent(path: string, label: string): Promise<void> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new CodedError('SOURCE_NOT_FOUND', `Expected ${label} to exist, got no such file`, { cause });
  });
  if (!info.isFile()) throw new CodedError('INPUT_INVALID', `Expected ${label} to be a file, got something else`);
  if (info.size === 0) throw new CodedError('INPUT_INVALID', `Expected ${label} to be a media file, got an empty file`);
}

function parse(path: string, label: string, stdout: string, ends?: StreamEnds): Probe {
  try {
    return parseProbe(path, stdout, ends);
  } catch (cause) {
    throw new CodedError(
      'INPUT_INVALID',
      `Expected a description of ${label} from ffprobe, got output that is not JSON`,
      { cause },
    );
  }
}

function probeError(label: string, { exceeded, stderr, signal }: ToolRun): CodedError {
  if (exceeded === 'time') {
    return new CodedError('INPUT_INVALID', `Expected ${label} to open within the time limit, ffprobe did not finish`);
  }
  if (exceeded === 'output') {
    return new CodedError('INPUT_INVALID', `Expected the description of ${label} below 4 MB, got more`);
  }
  if (/not on whitelist/i.test(stderr)) {
    return new CodedError('INPUT_UNSUPPORTED', `Expected ${label} to be a media file, got a list or script of files`);
  }
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const reason =
    lines.at(-1)?.replace(/^file:.*?: (?=[A-Z])/, '') ?? (signal ? `ffprobe was ended by ${signal}` : 'no reason');
  const detail = lines.find((line) => /moov atom not found|EBML header parsing failed/.test(line));
  const why = detail === undefined ? reason : `${detail.replace(/^\[.*?\] /, '')}: ${reason}`;
  return new CodedError('INPUT_INVALID', `Expected ${label} to be a media file, got: ${why.slice(0, 300)}`);
}
