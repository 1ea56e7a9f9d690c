import type { Capabilities, GpuDevice } from '../media/capabilities.ts';
import { rungs } from '../model/result.ts';
import { columns } from './help.ts';
import { paint, type Terminal } from './terminal.ts';

/** What the software rung wants of an FFmpeg: any of these encoders for each codec. */
const softwareEncoders: readonly (readonly [codec: string, encoders: readonly string[]])[] = [
  ['h264', ['libx264']],
  ['hevc', ['libx265']],
  ['av1', ['libsvtav1', 'libaom-av1']],
  ['vp9', ['libvpx-vp9']],
  ['aac', ['aac', 'libfdk_aac']],
  ['opus', ['libopus']],
  ['mp3', ['libmp3lame']],
  ['flac', ['flac']],
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

/** What this FFmpeg cannot do on the CPU, and how to change that. */
export function softwareGaps({ encoders, filters }: Pick<Capabilities, 'encoders' | 'filters'>): Gap[] {
  const remedy =
    'install a complete FFmpeg 5.1 or later (Debian: apt-get install ffmpeg), or name one with FRAMEWRIGHT_FFMPEG';
  const codecs = softwareEncoders
    .filter(([, names]) => !names.some((name) => encoders.has(name)))
    .map(([codec, names]) => ({ what: `encoding ${codec}`, missing: names.join(' or '), remedy }));
  const operations = neededFilters.flatMap(([operation, names]) => {
    const missing = names.filter((name) => !filters.has(name));
    return missing.length === 0 ? [] : [{ what: operation, missing: `filter ${missing.join(', ')}`, remedy }];
  });
  return [...codecs, ...operations];
}

/** What to do when no GPU rung can be used. */
const gpuRemedy =
  'for Intel GPUs: install intel-media-va-driver-non-free, libmfx-gen1.2 and an FFmpeg with libvpl, and give the user the group of /dev/dri/renderD* (often render)';

export function probeText(found: Capabilities, terminal: Pick<Terminal, 'color'>): string {
  const { ffmpegVersion, cpus, devices, unavailable } = found;
  const yes = paint(terminal, 'green', 'yes');
  const no = paint(terminal, 'yellow', 'no');
  const gaps = softwareGaps(found);
  const ladder = rungs
    .filter((rung) => rung !== 'copy')
    .map((rung) => [rung, unavailable[rung] === undefined ? yes : `${no}: ${unavailable[rung]}`] as const);
  const codecs = softwareEncoders.map(([codec, names]) => {
    const have = names.filter((name) => found.encoders.has(name));
    return [codec, have.length > 0 ? have.join(', ') : `${no}: needs ${names.join(' or ')}`] as const;
  });
  const noGpu = unavailable['qsv-full'] !== undefined && unavailable['qsv-encode'] !== undefined;
  return (
    [
      columns([
        ['FFmpeg', ffmpegVersion],
        ['processors', String(cpus)],
      ]),
      `Where encoding can run, best first:\n${columns(ladder)}`,
      ...(devices.length > 0
        ? [`Intel GPUs, each line proved by a short encode:\n${devices.map(deviceText).join('\n')}`]
        : []),
      `Codecs on the CPU:\n${columns(codecs)}`,
      ...(gaps.length > 0
        ? [
            `Missing:\n${columns(gaps.map(({ what, missing }) => [what, missing] as const))}\n  remedy: ${gaps[0]?.remedy ?? ''}`,
          ]
        : []),
      ...(noGpu ? [`remedy: ${gpuRemedy}`] : []),
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

function deviceText({ node, driver, encodes }: GpuDevice): string {
  const lines = encodes.map(
    ({ rung, codec, bitDepth, lowPower }) => `    ${rung}  ${codec}  ${bitDepth} bit${lowPower ? '  low power' : ''}`,
  );
  return [`  ${node} (${driver})`, ...lines].join('\n');
}
