import { isRecord } from '../../lib/json.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import type { StreamEnd, StreamEnds } from '../planning/stream-ends.ts';
import { type HdrMetadata, hdrMetadataOf } from './hdr-metadata.ts';
import type { AudioStream, Probe, SubtitleStream, VideoStream } from './probe.ts';

type Json = Readonly<Record<string, unknown>>;
type Fraction = VideoStream['frameRate'];

/**
 * A probe from what `ffprobe -of json -show_format -show_streams -show_chapters -show_data_hash sha256` printed.
 * Tolerant: members that are missing, `N/A` or of another type are left out, or 0 where a number is required.
 * Throws SyntaxError when `json` is not a JSON object.
 *
 * @param ends Where streams begin and end as measured, which overrides the container.
 */
export function parseProbe(path: string, json: string, ends?: StreamEnds): Probe {
  const document: unknown = JSON.parse(json);
  if (!isRecord(document)) throw new SyntaxError(`Expected a JSON object from ffprobe, got ${typeof document}`);
  const format = member(document, 'format');
  const last = number(format['duration']);
  const streams = list(document['streams']).map((stream) =>
    measured(stream, ends?.get(number(stream['index']) ?? -1), last),
  );
  const video = streams.filter((stream) => stream['codec_type'] === 'video');
  const coverArt = video.filter((stream) => member(stream, 'disposition')['attached_pic'] === 1);
  const videoStreams = video.filter((stream) => !coverArt.includes(stream)).map(videoStream);
  const audioStreams = streams.filter((stream) => stream['codec_type'] === 'audio').map(audioStream);
  const timed = [...videoStreams, ...audioStreams];
  const startTime = number(format['start_time']) ?? 0;
  const lengths = timed.map(({ startTime: from, duration }) =>
    duration === undefined ? 0 : from - startTime + duration,
  );
  const longest = Math.max(0, ...lengths);
  const bitrate = number(format['bit_rate']);
  return {
    path,
    format: text(format['format_name']) ?? 'unknown',
    duration: ends === undefined ? (last ?? longest) : longest,
    startTime,
    bytes: number(format['size']) ?? 0,
    ...(bitrate !== undefined && { bitrate }),
    video: videoStreams,
    audio: audioStreams,
    subtitles: streams.filter((stream) => stream['codec_type'] === 'subtitle').map(subtitleStream),
    coverArt: coverArt.length,
    chapters: list(document['chapters']).length,
  };
}

/** HDR metadata of the first frame in what `ffprobe -of json -show_frames` printed. Throws SyntaxError like `parseProbe`. */
export function parseFrameHdr(json: string): HdrMetadata | undefined {
  const document: unknown = JSON.parse(json);
  if (!isRecord(document)) throw new SyntaxError(`Expected a JSON object from ffprobe, got ${typeof document}`);
  return hdrMetadataOf(list(list(document['frames'])[0]?.['side_data_list']));
}

/** A stream with the measured duration, number of frames and mean frame rate instead of those of the container. */
function measured(stream: Json, end: StreamEnd | undefined, last: number | undefined): Json {
  if (end === undefined) return withLength(stream, last);
  const duration = end.end - end.start;
  const nominal = fraction(stream['r_frame_rate']);
  const mean = duration > 0 ? end.packets / duration : 0;
  const steady = nominal !== undefined && Math.abs(mean / (nominal.num / nominal.den) - 1) < 0.01;
  const rate = steady ? stream['r_frame_rate'] : `${end.packets * 1000}/${Math.round(duration * 1000)}`;
  return {
    ...stream,
    start_time: end.start,
    duration,
    ...(stream['codec_type'] === 'video' && { nb_frames: end.packets, avg_frame_rate: rate }),
  };
}

/** FFmpeg's Matroska muxer stores where a stream ends, others its duration: no stream lasts beyond the end of the file. */
function withLength(stream: Json, last: number | undefined): Json {
  const start = number(stream['start_time']) ?? 0;
  const tagged = number(stream['duration']) === undefined ? durationOf(stream) : undefined;
  if (tagged === undefined || last === undefined || start <= 0 || tagged <= start) return stream;
  return start + tagged > last + 0.0005 ? { ...stream, duration: tagged - start } : stream;
}

function videoStream(stream: Json): VideoStream {
  const pixelFormat = text(stream['pix_fmt']) ?? 'unknown';
  const mean = fraction(stream['avg_frame_rate']);
  const nominal = fraction(stream['r_frame_rate']);
  const interlaced = ['tt', 'bb', 'tb', 'bt'].includes(text(stream['field_order']) ?? '');
  return {
    index: number(stream['index']) ?? 0,
    codec: text(stream['codec_name']) ?? 'unknown',
    width: number(stream['width']) ?? 0,
    height: number(stream['height']) ?? 0,
    rotation: rotationOf(stream),
    sampleAspectRatio: fraction(stream['sample_aspect_ratio'], ':') ?? { num: 1, den: 1 },
    pixelFormat,
    bitDepth: bitDepthOf(pixelFormat, number(stream['bits_per_raw_sample'])),
    frameRate: mean ?? nominal ?? { num: 0, den: 1 },
    variableFrameRate: isVariable(mean, nominal, interlaced),
    timeBase: fraction(stream['time_base']) ?? { num: 1, den: 1000 },
    startTime: number(stream['start_time']) ?? 0,
    interlaced,
    hasBFrames: number(stream['has_b_frames']) ?? 0,
    ...omitUndefined({
      profile: text(stream['profile']),
      frames: number(stream['nb_frames']) ?? number(tagOf(stream, 'NUMBER_OF_FRAMES')),
      duration: durationOf(stream),
      colorSpace: text(stream['color_space']),
      colorTransfer: text(stream['color_transfer']),
      colorPrimaries: text(stream['color_primaries']),
      colorRange: text(stream['color_range']),
      hdr: hdrMetadataOf(list(stream['side_data_list'])),
      warped: isWarped(stream) ? true : undefined,
      bitrate: number(stream['bit_rate']) ?? number(tagOf(stream, 'BPS')),
      extradataHash: hashOf(stream),
      language: languageOf(stream),
    }),
  };
}

function audioStream(stream: Json): AudioStream {
  return {
    index: number(stream['index']) ?? 0,
    codec: text(stream['codec_name']) ?? 'unknown',
    sampleRate: number(stream['sample_rate']) ?? 0,
    channels: number(stream['channels']) ?? 0,
    startTime: number(stream['start_time']) ?? 0,
    timeBase: fraction(stream['time_base']) ?? { num: 1, den: 1000 },
    ...omitUndefined({
      channelLayout: text(stream['channel_layout']),
      duration: durationOf(stream),
      bitrate: number(stream['bit_rate']) ?? number(tagOf(stream, 'BPS')),
      extradataHash: hashOf(stream),
      language: languageOf(stream),
    }),
  };
}

function subtitleStream(stream: Json): SubtitleStream {
  return {
    index: number(stream['index']) ?? 0,
    codec: text(stream['codec_name']) ?? 'unknown',
    ...omitUndefined({ language: languageOf(stream) }),
  };
}

/** ffprobe reports the counterclockwise rotation of the video; a player reverses it, so the sign changes. */
function rotationOf(stream: Json): VideoStream['rotation'] {
  const clockwise = clockwiseOf(stream);
  const quarter = (((Math.round(clockwise / 90) * 90) % 360) + 360) % 360;
  // FFmpeg keeps the frame size when it rotates by any other angle.
  if (Math.abs(clockwise - Math.round(clockwise / 90) * 90) >= 1) return 0;
  return quarter === 90 || quarter === 180 || quarter === 270 ? quarter : 0;
}

function clockwiseOf(stream: Json): number {
  const matrix = list(stream['side_data_list'])
    .map((data) => number(data['rotation']))
    .find((value) => value !== undefined);
  return matrix === undefined ? (number(tagOf(stream, 'rotate')) ?? 0) : -matrix;
}

/** Whether the display matrix mirrors (its determinant is negative) or rotates by other than multiples of 90 degrees. */
function isWarped(stream: Json): boolean {
  const printed = list(stream['side_data_list']).map((data) => data['displaymatrix']);
  const text = printed.find((value): value is string => typeof value === 'string') ?? '';
  const [[a = 1, b = 0] = [], [c = 0, d = 1] = []] = [...text.matchAll(/^\d{8}:([-\s\d]+)$/gm)].map(([, row = '']) =>
    row.trim().split(/\s+/).map(Number),
  );
  return a * d - b * c < 0 || Math.abs(clockwiseOf(stream) - Math.round(clockwiseOf(stream) / 90) * 90) >= 1;
}

/** The bits of a sample, from names such as yuv420p10le, p010le, gray12be; `bits_per_raw_sample` is often missing. */
function bitDepthOf(pixelFormat: string, rawSample: number | undefined): number {
  const planar =
    /(?:p|gray|yuv\w*?|gbr\w*?)(9|10|12|14|16)(?:le|be)$/.exec(pixelFormat) ??
    /^p[0-4](10|12|16)(?:le|be)$/.exec(pixelFormat);
  if (planar?.[1] !== undefined) return Number(planar[1]);
  return rawSample !== undefined && rawSample >= 8 && rawSample <= 16 ? rawSample : 8;
}

/** Interlaced streams have their field rate as the nominal one, which is twice the mean and not a variable rate. */
function isVariable(mean: Fraction | undefined, nominal: Fraction | undefined, interlaced: boolean): boolean {
  if (mean === undefined || nominal === undefined) return false;
  const ratio = nominal.num / nominal.den / (mean.num / mean.den);
  const close = (value: number): boolean => Math.abs(ratio - value) <= 0.01 * value;
  return !close(1) && !(interlaced && close(2));
}

function durationOf(stream: Json): number | undefined {
  const plain = number(stream['duration']);
  if (plain !== undefined) return plain;
  // Matroska keeps it in a tag: 00:00:10.010000000.
  const clock = /^(\d+):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text(tagOf(stream, 'DURATION')) ?? '');
  return clock === null ? undefined : Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
}

function hashOf(stream: Json): string | undefined {
  return /^SHA256:([0-9a-f]{64})$/i.exec(text(stream['extradata_hash']) ?? '')?.[1]?.toLowerCase();
}

/** `und` means that the language is unknown. */
function languageOf(stream: Json): string | undefined {
  const language = text(tagOf(stream, 'language'));
  return language === 'und' ? undefined : language;
}

/** The case of tags differs between containers, and Matroska appends the language: BPS, BPS-eng. */
function tagOf(stream: Json, name: string): unknown {
  const wanted = name.toLowerCase();
  const found = Object.entries(member(stream, 'tags')).find(
    ([key]) => key.toLowerCase().replace(/-[a-z]{3}$/, '') === wanted,
  );
  return found?.[1];
}

function fraction(value: unknown, separator: '/' | ':' = '/'): Fraction | undefined {
  const [num, den] = (text(value) ?? '').split(separator).map(Number);
  if (num === undefined || den === undefined) return undefined;
  return Number.isSafeInteger(num) && Number.isSafeInteger(den) && num > 0 && den > 0 ? { num, den } : undefined;
}

function number(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

/** Text of the file: bounded, since it may be hostile. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== 'N/A' ? value.slice(0, 200) : undefined;
}

function member(value: Json, name: string): Json {
  const found = value[name];
  return isRecord(found) ? found : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
