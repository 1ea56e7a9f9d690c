import type { Capabilities } from '../media/capabilities.ts';

/** What the software rung wants of an FFmpeg: any of these encoders for each codec. */
const softwareEncoders: readonly (readonly [codec: string, kind: 'picture' | 'sound', encoders: readonly string[]])[] =
  [
    ['h264', 'picture', ['libx264']],
    ['hevc', 'picture', ['libx265']],
    ['av1', 'picture', ['libsvtav1', 'libaom-av1']],
    ['vp9', 'picture', ['libvpx-vp9']],
    ['aac', 'sound', ['aac', 'libfdk_aac']],
    ['opus', 'sound', ['libopus']],
    ['mp3', 'sound', ['libmp3lame']],
    ['flac', 'sound', ['flac']],
  ];

/** Filters that operations need, by the operation. */
const neededFilters: readonly (readonly [operation: string, filters: readonly string[]])[] = [
  ['subtitle (burn)', ['subtitles']],
  ['blur', ['gblur', 'boxblur', 'overlay']],
  ['speed ramp', ['atempo', 'setpts']],
  ['merge', ['concat', 'xfade', 'acrossfade']],
  ['loudness', ['loudnorm']],
];

export interface Gap {
  readonly what: string;
  readonly missing: string;
  readonly remedy: string;
}

export interface SoftwareCodec {
  readonly codec: string;
  /** Encoders of this FFmpeg for it; none when it cannot be made on the CPU. */
  readonly encoders: readonly string[];
}

export function softwareCodecs({ encoders }: Pick<Capabilities, 'encoders'>): SoftwareCodec[] {
  return softwareEncoders.map(([codec, , names]) => ({ codec, encoders: names.filter((name) => encoders.has(name)) }));
}

/** Whether this FFmpeg can encode any picture on the CPU. */
export function encodesPictures({ encoders }: Pick<Capabilities, 'encoders'>): boolean {
  return softwareEncoders.some(([, kind, names]) => kind === 'picture' && names.some((name) => encoders.has(name)));
}

/** What this FFmpeg cannot do on the CPU, and how to change that. */
export function softwareGaps({ encoders, filters }: Pick<Capabilities, 'encoders' | 'filters'>): Gap[] {
  const remedy =
    'install a complete FFmpeg 5.1 or later (Debian: apt-get install ffmpeg), or name one with FRAMEWRIGHT_FFMPEG';
  const codecs = softwareEncoders
    .filter(([, , names]) => !names.some((name) => encoders.has(name)))
    .map(([codec, , names]) => ({ what: `encoding ${codec}`, missing: names.join(' or '), remedy }));
  const operations = neededFilters.flatMap(([operation, names]) => {
    const missing = names.filter((name) => !filters.has(name));
    return missing.length === 0 ? [] : [{ what: operation, missing: `filter ${missing.join(', ')}`, remedy }];
  });
  return [...codecs, ...operations];
}
