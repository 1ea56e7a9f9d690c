import { z } from 'zod';
import { bounds } from './bounds.ts';
import { pvcDestination, s3Destination } from './bucket-refs.ts';
import { normalizeLoudness } from './operations.ts';
import { outputContract } from './output-contract.ts';
import { bitrate } from './primitives.ts';
import { atMostOneOf, exactlyOneOf, withRules } from './rule.ts';

const containers = ['mp4', 'mkv', 'webm', 'mov', 'hls', 'dash'] as const;
const videoCodecs = ['h264', 'hevc', 'av1', 'vp9', 'copy', 'none'] as const;
const audioCodecs = ['aac', 'opus', 'flac', 'mp3', 'copy', 'none'] as const;
export type Container = (typeof containers)[number];
export type AudioCodec = (typeof audioCodecs)[number];

const resolution = withRules(
  z
    .strictObject({
      width: z
        .int()
        .min(16)
        .max(bounds.side)
        .optional()
        .describe('Width in pixels; derived from the height when absent.'),
      height: z
        .int()
        .min(16)
        .max(bounds.side)
        .optional()
        .describe('Height in pixels; derived from the width when absent.'),
      fit: z
        .enum(['contain', 'cover', 'stretch'])
        .optional()
        .describe('With both width and height: contain (the default) adds bars, cover crops, stretch distorts.'),
      upscale: z.boolean().optional().describe('Whether smaller video is enlarged; true when absent.'),
    })
    .describe('Size of the video; odd results are made even.'),
  [
    {
      cel: 'has(self.width) || has(self.height)',
      message: 'width or height must be set',
      holds: ({ width, height }) => width !== undefined || height !== undefined,
    },
  ],
);

export const videoOutput = withRules(
  z
    .strictObject({
      codec: z
        .enum(videoCodecs)
        .optional()
        .describe(
          'copy keeps the stream unchanged, none omits it; when absent the codec of the source if the container supports it, else h264 (vp9 in webm).',
        ),
      quality: z
        .int()
        .min(1)
        .max(51)
        .optional()
        .describe('Constant quality; lower is better. 23 when neither bitrate nor targetSize is set.'),
      bitrate: bitrate.optional().describe('Mean bit rate, for example 4M.'),
      maxBitrate: bitrate.optional().describe('Highest bit rate over a second; twice the mean when absent.'),
      targetSize: z.int().min(10_000).max(1e13).optional().describe('Size of the whole file in bytes.'),
      preset: z
        .enum(['performance', 'balanced', 'quality'])
        .optional()
        .describe('Preference for speed or quality; balanced when absent.'),
      resolution: resolution.optional(),
      fps: z.number().min(1).max(240).optional().describe('Frames per second; those of the source when absent.'),
      bitDepth: z
        .union([z.literal(8), z.literal(10)])
        .optional()
        .describe('Bits per sample; 8 for h264, else those of the source.'),
      keyframeInterval: z
        .number()
        .min(0.1)
        .max(60)
        .optional()
        .describe('Longest distance between key frames in seconds.'),
      hdr: z
        .enum(['keep', 'tonemap'])
        .optional()
        .describe(
          'Whether HDR is kept or tone-mapped to SDR; tonemap when the codec or container does not support HDR.',
        ),
    })
    .describe('Video of an output.'),
  [atMostOneOf(['quality', 'bitrate', 'targetSize'])],
);

export const audioOutput = z
  .strictObject({
    codec: z
      .enum(audioCodecs)
      .optional()
      .describe(
        'copy keeps the stream unchanged, none omits it; when absent the codec of the source if it can be kept, else aac (opus in webm).',
      ),
    bitrate: bitrate.optional().describe('Bit rate; 128k for stereo when absent.'),
    channels: z
      .int()
      .min(1)
      .max(8)
      .optional()
      .describe(
        'Number of channels; those of the source when absent. Fewer channels are mixed by ITU-R BS.775, without clipping.',
      ),
    sampleRate: z
      .union([z.literal(44_100), z.literal(48_000)])
      .optional()
      .describe('Samples per second; those of the source, 48000 at most, when absent.'),
    loudness: normalizeLoudness.optional(),
  })
  .describe('Audio of an output.');

const rendition = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(20)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes')
      .describe('Name of the rendition, for example 720p.'),
    video: videoOutput.optional(),
    audio: audioOutput.optional(),
  })
  .describe(
    'A version of the output from the same decode; absent members are taken from output.video and output.audio.',
  );

const destination = withRules(
  z
    .strictObject({
      asset: z.strictObject({}).optional().describe('The object store of this installation (the default).'),
      s3: s3Destination.optional(),
      pvc: pvcDestination.optional(),
    })
    .describe('Where outputs are published: exactly one of asset, s3 and pvc.'),
  [exactlyOneOf(['asset', 's3', 'pvc'])],
);

export const output = withRules(
  z
    .strictObject({
      container: z
        .enum(containers)
        .optional()
        .describe(
          'File format; when absent that of the first input if it can be written, else mp4. hls and dash are sets of files: segments of fragmented MP4 with both HLS playlists and a DASH manifest.',
        ),
      video: videoOutput.optional(),
      audio: audioOutput.optional(),
      subtitles: z
        .enum(['keep', 'drop'])
        .optional()
        .describe('Whether subtitle tracks of the first input are kept or dropped; keep when absent.'),
      renditions: z
        .array(rendition)
        .min(1)
        .max(bounds.renditions)
        .optional()
        .describe(
          'Versions from one decode instead of one output: separate files, or the ladder of hls and dash, which needs one frame rate or whole multiples of it.',
        ),
      segmentDuration: z
        .number()
        .min(1)
        .max(20)
        .optional()
        .describe('Length of a segment of hls and dash in seconds, rounded to whole frames; 6 when absent.'),
      destination: destination.optional(),
      contract: outputContract.optional(),
    })
    .describe('Output of the job. Without settings, streams are copied unchanged if the operations allow it.'),
  [
    {
      cel: '!has(self.renditions) || self.renditions.all(i, self.renditions.exists_one(j, j.name == i.name))',
      message: 'the names of renditions must differ',
      holds: ({ renditions }) =>
        renditions === undefined || new Set(renditions.map(({ name }) => name)).size === renditions.length,
      path: ['renditions'],
    },
    {
      cel: "!has(self.segmentDuration) || (has(self.container) && self.container in ['hls', 'dash'])",
      message: 'segmentDuration requires the container hls or dash',
      holds: ({ container, segmentDuration }) =>
        segmentDuration === undefined || container === 'hls' || container === 'dash',
      path: ['segmentDuration'],
    },
    {
      cel: "!has(self.renditions) || !has(self.container) || !(self.container in ['hls', 'dash']) || !self.renditions.exists(i, i.name == 'main')",
      message: 'no rendition of hls or dash may be named main, which is the name of the multivariant playlist',
      holds: ({ container, renditions }) =>
        (container !== 'hls' && container !== 'dash') || renditions?.every(({ name }) => name !== 'main') !== false,
      path: ['renditions'],
    },
  ],
);

export type Output = z.infer<typeof output>;
export type VideoOutput = z.infer<typeof videoOutput>;
export type AudioOutput = z.infer<typeof audioOutput>;
export type Destination = z.infer<typeof destination>;
