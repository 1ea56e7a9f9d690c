import { averageBandwidth, peakBandwidth } from './bandwidth.ts';
import {
  largest,
  loadsOf,
  type PackagedMedia,
  type PackagedStream,
  type PackagedText,
  secondsOf,
  targetDuration,
} from './packaged-stream.ts';
import { type StreamPlan, streamNames } from './stream-plan.ts';
import { languageName, uniqueNames } from './track-names.ts';

// Playlists of HTTP Live Streaming for video on demand (RFC 8216, Apple's authoring specification). URIs are the bare names
// of files that lie beside the playlist.

/** EXT-X-MAP outside of I-frame playlists needs 6; fragmented MP4 is commonly published with 7. */
const version = 7;

/** The playlist of one track. @param target the same for all tracks of a set */
export function mediaPlaylist({ prefix }: Pick<StreamPlan, 'prefix'>, media: PackagedMedia, target: number): string {
  const { track, segments, independent } = media;
  return lines([
    ...head(target),
    ...(independent ? ['#EXT-X-INDEPENDENT-SEGMENTS'] : []),
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-MAP:URI=${quoted(streamNames.init(prefix, track.id))}`,
    ...segments.flatMap(({ duration }, index) => [
      `#EXTINF:${seconds(secondsOf(media, duration))},`,
      streamNames.segment(prefix, track.id, index + 1),
    ]),
    '#EXT-X-ENDLIST',
  ]);
}

/** Every key frame by the range of its bytes, for fast forward and previews (RFC 8216, section 4.3.3.6). */
export function iframePlaylist({ prefix }: Pick<StreamPlan, 'prefix'>, media: PackagedMedia): string {
  const { keyframes, track } = media;
  const target = iframeTarget(media);
  return lines([
    ...head(target),
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-I-FRAMES-ONLY',
    `#EXT-X-MAP:URI=${quoted(streamNames.init(prefix, track.id))}`,
    ...keyframes.flatMap(({ duration, bytes, offset, segment }) => [
      `#EXTINF:${seconds(secondsOf(media, duration))},`,
      `#EXT-X-BYTERANGE:${bytes}@${offset}`,
      streamNames.segment(prefix, track.id, segment),
    ]),
    '#EXT-X-ENDLIST',
  ]);
}

function iframeTarget(media: PackagedMedia): number {
  return Math.max(1, largest(media.keyframes.map(({ duration }) => Math.round(secondsOf(media, duration)))));
}

/** One WebVTT file as the only segment: subtitles may have a target duration of their own. */
export function textPlaylist({ prefix, duration }: Pick<StreamPlan, 'prefix' | 'duration'>, id: string): string {
  return lines([
    ...head(Math.max(1, Math.round(duration))),
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXTINF:${seconds(duration)},`,
    streamNames.text(prefix, id),
    '#EXT-X-ENDLIST',
  ]);
}

/** The playlist that a player opens first. */
export function masterPlaylist(stream: PackagedStream): string {
  const { plan, media, texts } = stream;
  const target = targetDuration(media);
  // An audio group belongs to a video; a variant of audio alone has no group.
  const groups = new Set(plan.variants.flatMap(({ video, audio }) => (video === undefined ? [] : [audio])));
  const variants = plan.variants.flatMap((variant) => {
    const video = media.find(({ track }) => track.id === variant.video);
    const audio = media.filter(({ track }) => track.group !== undefined && track.group === variant.audio);
    const main = video ?? audio[0];
    if (main === undefined) return [];
    const group = groups.has(variant.audio) ? variant.audio : undefined;
    return [variantLines(plan, main, video === undefined ? [] : audio, { target, group, subtitles: texts.length > 0 })];
  });
  const audioTracks = media.filter(({ track }) => track.kind === 'audio' && groups.has(track.group));
  const iframes = media.filter(({ track, keyframes }) => track.kind === 'video' && keyframes.length > 0);
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${version}`,
    ...(media.every(({ independent }) => independent) ? ['#EXT-X-INDEPENDENT-SEGMENTS'] : []),
    ...audioLines(plan, audioTracks),
    ...subtitleLines(plan, texts),
    ...variants.flat(),
    ...iframes.map((video) => iframeLine(plan, video)),
  ]);
}

function audioLines({ prefix }: StreamPlan, audioTracks: readonly PackagedMedia[]): string[] {
  const groups = [...new Set(audioTracks.map(({ track }) => track.group ?? ''))];
  return groups.flatMap((group) => {
    const members = audioTracks.filter(({ track }) => track.group === group);
    const names = uniqueNames(members.map(({ track }) => languageName(track.language) ?? 'Audio'));
    return members.map(({ track }, index) =>
      tag('EXT-X-MEDIA', [
        ['TYPE', 'AUDIO'],
        ['GROUP-ID', quoted(group)],
        ['NAME', quoted(names[index] ?? '')],
        ['LANGUAGE', track.language && quoted(track.language)],
        ['DEFAULT', index === 0 ? 'YES' : 'NO'],
        ['AUTOSELECT', 'YES'],
        ['CHANNELS', track.channels && quoted(String(track.channels))],
        ['URI', quoted(streamNames.playlist(prefix, track.id))],
      ]),
    );
  });
}

function subtitleLines({ prefix }: StreamPlan, texts: readonly PackagedText[]): string[] {
  const titles = uniqueNames(texts.map(({ track }) => languageName(track.language) ?? 'Subtitles'));
  return texts.map(({ track }, index) =>
    tag('EXT-X-MEDIA', [
      ['TYPE', 'SUBTITLES'],
      ['GROUP-ID', quoted('text')],
      ['NAME', quoted(titles[index] ?? '')],
      ['LANGUAGE', track.language && quoted(track.language)],
      ['DEFAULT', 'NO'],
      ['AUTOSELECT', 'YES'],
      ['FORCED', 'NO'],
      ['URI', quoted(streamNames.playlist(prefix, track.id))],
    ]),
  );
}

interface VariantFacts {
  readonly target: number;
  /** The audio group of the variant, where the playlist contains it. */
  readonly group: string | undefined;
  readonly subtitles: boolean;
}

function variantLines(
  { prefix }: StreamPlan,
  main: PackagedMedia,
  audio: readonly PackagedMedia[],
  { target, group, subtitles }: VariantFacts,
): string[] {
  const peaks = audio.map((media) => peakBandwidth(loadsOf(media), target));
  const means = audio.map((media) => averageBandwidth(loadsOf(media)));
  const codecs = new Set([main.codec, ...audio.map(({ codec }) => codec)]);
  const isVideo = main.track.kind === 'video';
  const info = tag('EXT-X-STREAM-INF', [
    ['BANDWIDTH', String(peakBandwidth(loadsOf(main), target) + Math.max(0, ...peaks))],
    ['AVERAGE-BANDWIDTH', String(averageBandwidth(loadsOf(main)) + Math.max(0, ...means))],
    ['CODECS', quoted([...codecs].join(','))],
    ...(isVideo ? videoAttributes(main) : []),
    ...(isVideo ? [['FRAME-RATE', main.frameRate.toFixed(3)] as const] : []),
    ['AUDIO', group && quoted(group)],
    ['SUBTITLES', subtitles ? quoted('text') : undefined],
    ['CLOSED-CAPTIONS', isVideo ? 'NONE' : undefined],
  ]);
  return [info, streamNames.playlist(prefix, main.track.id)];
}

function iframeLine({ prefix }: StreamPlan, video: PackagedMedia): string {
  const loads = video.keyframes.map(({ duration, bytes }) => ({ seconds: secondsOf(video, duration), bytes }));
  return tag('EXT-X-I-FRAME-STREAM-INF', [
    ['BANDWIDTH', String(peakBandwidth(loads, iframeTarget(video)))],
    ['AVERAGE-BANDWIDTH', String(averageBandwidth(loads))],
    ['CODECS', quoted(video.codec)],
    ...videoAttributes(video),
    ['URI', quoted(streamNames.iframes(prefix, video.track.id))],
  ]);
}

function videoAttributes({ width, height, track }: PackagedMedia): Attribute[] {
  const range = { sdr: 'SDR', pq: 'PQ', hlg: 'HLG' } as const;
  return [
    ['RESOLUTION', `${width}x${height}`],
    ['VIDEO-RANGE', range[track.dynamicRange ?? 'sdr']],
  ];
}

function head(target: number): string[] {
  return ['#EXTM3U', `#EXT-X-VERSION:${version}`, `#EXT-X-TARGETDURATION:${target}`, '#EXT-X-MEDIA-SEQUENCE:1'];
}

type Attribute = readonly [name: string, value: string | undefined | false | 0];

function tag(name: string, attributes: readonly Attribute[]): string {
  const written = attributes.flatMap(([key, value]) => (value ? [`${key}=${value}`] : []));
  return `#${name}:${written.join(',')}`;
}

/** A quoted string can hold neither quotes nor line breaks, and has no escapes (RFC 8216, section 4.2). */
function quoted(text: string): string {
  return `"${text.replaceAll('"', "'").replaceAll(/[\r\n]+/g, ' ')}"`;
}

function seconds(value: number): string {
  return value.toFixed(6);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
