import { bitsPerSecond } from '../../model/job/primitives.ts';
import { type EncodedCodec, isEncodedCodec, type Rate, type VideoTarget } from '../encoders/video-target.ts';
import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { fraction, frameRateOf, ratio } from '../filters/numbers.ts';
import { toneMapFilters } from '../filters/tone-map.ts';
import type { OutputRequest } from '../planning/output-settings.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { outputSize, resolutionFilters } from '../planning/resolution.ts';
import { pixelFormat } from '../planning/source.ts';
import type { DynamicRange, VideoState } from '../planning/timeline.ts';
import { containerName, takesVideo } from '../probe/containers.ts';

/** The codec of an encoded output: the requested one, else that of the source where it can be encoded, else a common one. */
function videoCodecOf({ video, videoPath, container }: OutputRequest, source: string): EncodedCodec {
  const { codec } = video;
  if (codec !== undefined && isEncodedCodec(codec)) {
    if (takesVideo(container, codec)) return codec;
    throw planError(
      'SPEC_INVALID',
      `${videoPath}.codec`,
      `expected a codec for ${containerName(container)}, got ${codec}`,
    );
  }
  if (isEncodedCodec(source) && takesVideo(container, source)) return source;
  return container === 'webm' ? 'vp9' : 'h264';
}

/** Smallest width and height that x265 and SVT-AV1 accept, in pixels. */
const smallestLength: Readonly<Record<EncodedCodec, number>> = { h264: 2, hevc: 32, av1: 64, vp9: 2 };

/** What the encoder of an output must produce. */
export function videoTarget(state: VideoState, request: OutputRequest, rate: Rate): VideoTarget {
  const { video, videoPath, container } = request;
  const codec = videoCodecOf(request, state.stream.codec);
  if (codec === 'h264' && video.bitDepth === 10) {
    throw planError('SPEC_INVALID', `${videoPath}.bitDepth`, 'expected 8 for h264, got 10; hevc, av1 and vp9 take 10');
  }
  const dynamicRange = dynamicRangeOf(state, request, codec);
  const { width, height } = video.resolution === undefined ? state : outputSize(state, video.resolution);
  const least = smallestLength[codec];
  if (Math.min(width, height) < least) {
    const field = video.resolution === undefined ? 'codec' : 'resolution';
    throw planError(
      'SPEC_INVALID',
      `${videoPath}.${field}`,
      `expected at least ${least}x${least} for ${codec}, got ${width}x${height}`,
    );
  }
  const frameRate = video.fps === undefined ? state.frameRate : frameRateOf(video.fps);
  return {
    codec,
    width,
    height,
    frameRate,
    variable: state.variable && video.fps === undefined,
    bitDepth: dynamicRange !== 'sdr' ? 10 : (video.bitDepth ?? (codec === 'h264' ? 8 : state.bitDepth)),
    dynamicRange,
    ...(dynamicRange !== 'sdr' && state.stream.hdr !== undefined && { hdr: state.stream.hdr }),
    rate: bounded(rate, width * height * ratio(frameRate)),
    preset: video.preset ?? 'balanced',
    ...(video.keyframeInterval !== undefined && { keyframeInterval: video.keyframeInterval }),
    container,
  };
}

/** No more bits than raw video has: a generous target size for tiny frames needs rates that encoders reject. */
function bounded(rate: Rate, pixelsPerSecond: number): Rate {
  if (rate.kind === 'quality') return rate;
  const raw = Math.max(100_000, Math.round(pixelsPerSecond * 12));
  return { ...rate, mean: Math.min(rate.mean, raw), max: Math.min(rate.max, 2 * raw) };
}

function dynamicRangeOf(
  { dynamicRange }: VideoState,
  { video, videoPath }: OutputRequest,
  codec: EncodedCodec,
): DynamicRange {
  if (dynamicRange === 'sdr') return 'sdr';
  const carries = codec !== 'h264' && video.bitDepth !== 8;
  if (video.hdr === 'keep' && !carries) {
    throw planError(
      'SPEC_INVALID',
      `${videoPath}.hdr`,
      'expected hevc, av1 or vp9 with 10 bits to keep HDR, got a target that cannot carry it',
    );
  }
  return video.hdr === 'tonemap' || !carries ? 'sdr' : dynamicRange;
}

/** Brings the video to its target: tone, size, rate, sample format. */
export function finishVideo(
  builder: PlanBuilder,
  pad: Pad,
  state: VideoState,
  target: VideoTarget,
  request: OutputRequest,
): Pad {
  const tone =
    state.dynamicRange === target.dynamicRange
      ? []
      : toneMapFilters(builder, state, target.bitDepth, `${request.videoPath}.hdr`);
  const [major, minor] = builder.request.capabilities.ffmpeg;
  if (target.codec === 'vp9' && target.hdr !== undefined && (major < 7 || (major === 7 && minor < 1)))
    builder.note('Metadata of the mastering display is lost: FFmpeg writes it beside vp9 from release 7.1 on.');
  const resize = request.video.resolution === undefined ? [] : resolutionFilters(state, request.video.resolution);
  const rate = request.video.fps === undefined ? [] : rateFilters(state, target);
  const depth =
    tone.length > 0 || target.bitDepth !== state.bitDepth
      ? [filter('format', { pix_fmts: pixelFormat(target.bitDepth) })]
      : [];
  return chain(pad, ...rate, ...tone, ...resize, ...depth, ...hdrTags(target.dynamicRange));
}

/** The tags of video that stays HDR, on its frames: encoders of FFmpeg 7 take them only from there. */
function hdrTags(dynamicRange: DynamicRange): Filter[] {
  if (dynamicRange === 'sdr') return [];
  const transfer = dynamicRange === 'pq' ? 'smpte2084' : 'arib-std-b67';
  return [filter('setparams', { range: 'tv', color_primaries: 'bt2020', color_trc: transfer, colorspace: 'bt2020nc' })];
}

/** Another rate, up to the end of the last frame: after a cut the filter knows a wrong end of the stream. */
function rateFilters({ end, frameRate }: VideoState, target: VideoTarget): Filter[] {
  return [
    filter('fps', { fps: fraction(target.frameRate), start_time: 0 }),
    filter('tpad', { stop_mode: 'clone', stop: Math.ceil(ratio(target.frameRate) / ratio(frameRate)) + 1 }),
    filter('trim', { end_frame: Math.max(1, Math.round(end * ratio(target.frameRate))) }),
  ];
}

/** Number of frames of the output where it is certain. */
export function frameCount(state: VideoState, target: VideoTarget): number | undefined {
  if (state.frames === undefined || target.variable) return undefined;
  const { num, den } = target.frameRate;
  return Math.round((state.frames * state.frameRate.den * num) / (state.frameRate.num * den));
}

/** Share of a file of a requested size that is left for the streams after the container. */
const muxShare = 0.98;
/** Lowest sensible video bit rate in bits per second. */
const lowestRate = 20_000;

/** The rate control of the video. `audioBits` is the bit rate of all audio in bits per second. */
export function rateOf(
  { video, videoPath }: OutputRequest,
  seconds: number,
  audioBits: number,
  passLog: string | undefined,
): Rate {
  const max = video.maxBitrate === undefined ? undefined : bitsPerSecond(video.maxBitrate);
  if (video.targetSize !== undefined) {
    const mean = Math.floor((video.targetSize * 8 * muxShare) / Math.max(seconds, 0.1) - audioBits);
    if (mean < lowestRate) {
      const least = Math.ceil(((lowestRate + audioBits) * seconds) / 8 / muxShare);
      throw planError(
        'SPEC_INVALID',
        `${videoPath}.targetSize`,
        `expected at least ${least} bytes for ${seconds.toFixed(1)} s, got ${video.targetSize}`,
      );
    }
    return {
      kind: 'bitrate',
      mean,
      max: Math.max(mean, max ?? mean * 2),
      ...(passLog !== undefined && { pass: { number: 2, log: passLog } }),
    };
  }
  if (video.bitrate !== undefined) {
    const mean = bitsPerSecond(video.bitrate);
    if (max !== undefined && max < mean) {
      throw planError(
        'SPEC_INVALID',
        `${videoPath}.maxBitrate`,
        `expected at least the mean of ${video.bitrate}, got ${video.maxBitrate ?? ''}`,
      );
    }
    return { kind: 'bitrate', mean, max: max ?? mean * 2 };
  }
  return { kind: 'quality', value: video.quality ?? 23, ...(max !== undefined && { max }) };
}
