import { peakBandwidth } from './bandwidth.ts';
import {
  largest,
  lengthOf,
  loadsOf,
  type PackagedMedia,
  type PackagedStream,
  targetDuration,
} from './packaged-stream.ts';
import { type StreamPlan, streamNames } from './stream-plan.ts';

/**
 * The manifest of DASH for the segments of a set: static, with the exact time of every segment
 * (ISO/IEC 23009-1, section 5.3.9.6; profile "live" is the one of segments in files of their own).
 */
export function dashManifest(stream: PackagedStream): string {
  const { plan, media } = stream;
  const buffer = Math.max(1, largest(media.flatMap((one) => loadsOf(one).map(({ seconds }) => seconds))));
  const duration = Math.max(...media.map(lengthOf), 0);
  const sets = mediaSets(plan, media);
  const subtitles = subtitleSets(stream, { firstId: sets.length, duration });
  const mpd = element(
    'MPD',
    {
      xmlns: 'urn:mpeg:dash:schema:mpd:2011',
      profiles: 'urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019',
      type: 'static',
      mediaPresentationDuration: isoDuration(duration),
      minBufferTime: isoDuration(buffer),
    },
    [element('Period', { id: '0', start: 'PT0S', duration: isoDuration(duration) }, [...sets, ...subtitles])],
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${mpd}\n`;
}

function mediaSets(plan: StreamPlan, media: readonly PackagedMedia[]): string[] {
  const target = targetDuration(media);
  const groups = [
    ...groupsOf(media, 'video', ({ codec, track }) => `${family(codec)} ${track.dynamicRange ?? ''}`),
    ...groupsOf(
      media,
      'audio',
      ({ codec, track }) => `${family(codec)} ${track.language ?? ''} ${positionInGroup(media, track)}`,
    ),
  ];
  return groups.map((members, id) => {
    const main = groups.findIndex(([one]) => one?.track.kind === members[0]?.track.kind) === id;
    return adaptationSet(plan, members, { id, main, target });
  });
}

function subtitleSets(
  { plan, texts }: PackagedStream,
  { firstId, duration }: { readonly firstId: number; readonly duration: number },
): string[] {
  return texts.map(({ track, bytes }, index) => {
    const bandwidth = Math.max(1, Math.ceil((bytes * 8) / Math.max(duration, 1)));
    const url = `<BaseURL>${escaped(streamNames.text(plan.prefix, track.id))}</BaseURL>`;
    return element(
      'AdaptationSet',
      { id: firstId + index, contentType: 'text', mimeType: 'text/vtt', lang: track.language },
      [
        element('Role', { schemeIdUri: 'urn:mpeg:dash:role:2011', value: 'subtitle' }),
        element('Representation', { id: track.id, bandwidth }, [url]),
      ],
    );
  });
}

/** Tracks that a player may switch between. */
function groupsOf(
  media: readonly PackagedMedia[],
  kind: 'video' | 'audio',
  keyOf: (media: PackagedMedia) => string,
): PackagedMedia[][] {
  const groups = new Map<string, PackagedMedia[]>();
  for (const one of media.filter(({ track }) => track.kind === kind)) {
    const key = keyOf(one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** The position of a track in its group: players must not switch between the languages of a group. */
function positionInGroup(media: readonly PackagedMedia[], track: PackagedMedia['track']): number {
  return media.filter((other) => other.track.group === track.group).findIndex((other) => other.track.id === track.id);
}

function family(codec: string): string {
  return codec.split('.')[0] ?? codec;
}

interface SetFacts {
  readonly id: number;
  /** The first of its kind, which a player selects by default. */
  readonly main: boolean;
  readonly target: number;
}

function adaptationSet(plan: StreamPlan, members: readonly PackagedMedia[], { id, main, target }: SetFacts): string {
  const [first] = members;
  const kind = first?.track.kind ?? 'video';
  const aligned = members.every((one) => timesOf(one) === (first && timesOf(first)));
  return element(
    'AdaptationSet',
    {
      id,
      contentType: kind,
      mimeType: `${kind}/mp4`,
      lang: first?.track.language,
      segmentAlignment: String(aligned),
      startWithSAP: members.every(({ independent }) => independent) ? 1 : undefined,
    },
    [
      ...colours(first?.track.dynamicRange),
      element('Role', {
        schemeIdUri: 'urn:mpeg:dash:role:2011',
        value: main ? 'main' : 'alternate',
      }),
      ...members.map((media) => representation(plan, media, target)),
    ],
  );
}

/** Start times of the segments, to the millisecond: equal for aligned tracks. */
function timesOf({ segments, timescale }: PackagedMedia): string {
  return segments.map(({ start }) => Math.round((start * 1000) / timescale)).join();
}

/** Transfer and primaries of HDR, by the code points of ISO/IEC 23091-2. */
function colours(range: PackagedMedia['track']['dynamicRange']): string[] {
  if (range === undefined || range === 'sdr') return [];
  const points = [
    ['ColourPrimaries', '9'],
    ['TransferCharacteristics', range === 'pq' ? '16' : '18'],
    ['MatrixCoefficients', '9'],
  ] as const;
  return points.map(([name, value]) =>
    element('EssentialProperty', { schemeIdUri: `urn:mpeg:mpegB:cicp:${name}`, value }),
  );
}

function representation(plan: StreamPlan, media: PackagedMedia, target: number): string {
  const { track, codec, width, height, frameRate, timescale } = media;
  const video = track.kind === 'video';
  const attributes = {
    id: track.id,
    bandwidth: peakBandwidth(loadsOf(media), target),
    codecs: codec,
    ...(video ? { width, height, frameRate: rateText(frameRate), sar: '1:1' } : {}),
    audioSamplingRate: video ? undefined : timescale,
  };
  const channels =
    track.channels === undefined
      ? []
      : [
          element('AudioChannelConfiguration', {
            schemeIdUri: 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011',
            value: track.channels,
          }),
        ];
  const template = element(
    'SegmentTemplate',
    {
      timescale,
      initialization: templated(streamNames.init(plan.prefix, track.id)),
      media: `${templated(plan.prefix)}${track.id}_$Number$.m4s`,
      startNumber: 1,
    },
    [element('SegmentTimeline', {}, timeline(media))],
  );
  return element('Representation', attributes, [...channels, template]);
}

/** A whole number, or a fraction for NTSC and other rates. */
function rateText(rate: number): string {
  const ntsc = Math.round(rate * 1.001);
  if (Math.abs(rate - Math.round(rate)) < 0.0005) return String(Math.round(rate));
  return Math.abs((ntsc * 1000) / 1001 - rate) < 0.001 ? `${ntsc * 1000}/1001` : `${Math.round(rate * 1000)}/1000`;
}

/** One entry for each run of equal segments. */
function timeline({ segments }: PackagedMedia): string[] {
  const runs: { start: number; duration: number; repeat: number }[] = [];
  for (const { start, duration } of segments) {
    const last = runs.at(-1);
    const follows = last !== undefined && last.start + last.duration * (last.repeat + 1) === start;
    if (last !== undefined && follows && last.duration === duration) last.repeat += 1;
    else runs.push({ start, duration, repeat: 0 });
  }
  return runs.map(({ start, duration, repeat }) =>
    element('S', { t: start, d: duration, r: repeat === 0 ? undefined : repeat }),
  );
}

/** `$` delimits the identifiers of a template. */
function templated(name: string): string {
  return name.replaceAll('$', '$$$$');
}

function isoDuration(seconds: number): string {
  return `PT${seconds.toFixed(3)}S`;
}

type Values = Readonly<Record<string, string | number | undefined>>;

function element(name: string, attributes: Values, children: readonly string[] = []): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(String(value))}"`],
  );
  const open = `<${name}${written.join('')}`;
  if (children.length === 0) return `${open}/>`;
  const inner = children.map((child) => child.replaceAll(/^/gm, '  ')).join('\n');
  return `${open}>\n${inner}\n</${name}>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
}
