import { softwareEncoders } from '../../media/encoders/software.ts';
import type { Capabilities } from '../../media/gpu/capabilities.ts';
import { audioEncoders } from '../../media/outputs/audio-output.ts';

/** The encoder of the software backend for each codec. */
const encodersByCodec = [
  ...Object.entries(softwareEncoders).map(([codec, encoder]) => ({ codec, kind: 'video', encoder })),
  ...Object.entries(audioEncoders).map(([codec, encoder]) => ({ codec, kind: 'audio', encoder })),
] as const;

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
  /** Encoders of this FFmpeg for it; none when it cannot be encoded on the CPU. */
  readonly encoders: readonly string[];
}

export function softwareCodecs({ encoders }: Pick<Capabilities, 'encoders'>): SoftwareCodec[] {
  return encodersByCodec.map(({ codec, encoder }) => ({ codec, encoders: encoders.has(encoder) ? [encoder] : [] }));
}

/** Whether this FFmpeg can encode any video on the CPU. */
export function encodesFrames({ encoders }: Pick<Capabilities, 'encoders'>): boolean {
  return encodersByCodec.some(({ kind, encoder }) => kind === 'video' && encoders.has(encoder));
}

/** What this FFmpeg cannot do on the CPU, and how to change that. */
export function softwareGaps({ encoders, filters }: Pick<Capabilities, 'encoders' | 'filters'>): Gap[] {
  const remedy =
    'install a complete FFmpeg 5.1 or later (Debian: apt-get install ffmpeg), or name one with FRAMEWRIGHT_FFMPEG';
  const codecs = encodersByCodec
    .filter(({ encoder }) => !encoders.has(encoder))
    .map(({ codec, encoder }) => ({ what: `encoding ${codec}`, missing: encoder, remedy }));
  const operations = neededFilters.flatMap(([operation, names]) => {
    const missing = names.filter((name) => !filters.has(name));
    return missing.length === 0 ? [] : [{ what: operation, missing: `filter ${missing.join(', ')}`, remedy }];
  });
  return [...codecs, ...operations];
}
