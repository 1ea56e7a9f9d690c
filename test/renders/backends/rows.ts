import type { Operation, OperationType } from '../../../src/model/job/operations.ts';
import type { VideoOutput } from '../../../src/model/job/output.ts';
import { clipFrames, clipSize } from './clips.ts';

/** One kind of job of the matrix, whatever it is encoded to. */
export interface Row {
  readonly operation: OperationType | 'output';
  readonly what: string;
  readonly operations?: readonly Operation[];
  readonly video?: VideoOutput;
  /** The clip; `clip.mp4` when absent. */
  readonly input?: string;
  /** Other inputs by their names. */
  readonly others?: Readonly<Record<string, string>>;
  readonly frames?: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly frameRate?: string;
  /** What the runtime's processor is asked for on qsv-full beside changes of format. */
  readonly processor?: readonly string[];
  /** How often frames are copied to main memory on qsv-full. */
  readonly downloads?: number;
  /** Why the GPU does not decode the source, so that the best backend is qsv-encode. */
  readonly cpuDecode?: string;
  /** Encoded to h264 and 10-bit HEVC alone, where other rows of the operation go to every codec. */
  readonly sample?: true;
  /** Where the stand-in's processor takes a job and does nothing: the operations that qsv-full is compared with. */
  readonly alike?: readonly Operation[];
}

const force: Operation = { transcode: { force: true } };
const small = { width: 160, height: 90 };
const text = { captions: [{ from: 200, to: 600, text: 'One line of text' }] };
const region = { x: 40, y: 40, width: 80, height: 60 };

const all: readonly Row[] = [
  { operation: 'transcode', what: 'as it is', operations: [force] },
  {
    operation: 'transcode',
    what: 'turned by 90 degrees',
    operations: [{ transcode: { rotate: 90 } }],
    size: { width: 180, height: 320 },
    processor: ['rotate', 'scale'],
  },
  {
    operation: 'transcode',
    what: 'turned by 180 degrees',
    sample: true,
    operations: [{ transcode: { rotate: 180 } }],
    processor: ['rotate'],
  },
  {
    operation: 'transcode',
    what: 'turned by 270 degrees',
    sample: true,
    operations: [{ transcode: { rotate: 270 } }],
    size: { width: 180, height: 320 },
    processor: ['rotate', 'scale'],
  },
  {
    operation: 'transcode',
    what: 'cropped',
    operations: [{ transcode: { crop: { x: 40, y: 20, width: 160, height: 90 } } }],
    size: small,
    processor: [],
  },
  {
    operation: 'transcode',
    what: 'cropped and scaled in one pass',
    sample: true,
    operations: [{ transcode: { crop: { x: 0, y: 0, width: 240, height: 136 } } }],
    video: { resolution: { width: 160, height: 90, fit: 'stretch' } },
    size: { width: 160, height: 90 },
    processor: ['scale'],
  },
  {
    operation: 'transcode',
    what: 'with less noise',
    operations: [{ transcode: { denoise: 40 } }],
    processor: ['denoise'],
    alike: [force],
  },
  {
    operation: 'transcode',
    what: 'sharper',
    sample: true,
    operations: [{ transcode: { sharpen: 40 } }],
    processor: ['detail'],
    alike: [force],
  },
  {
    operation: 'transcode',
    what: 'deinterlaced',
    operations: [{ transcode: { deinterlace: 'always' } }],
    processor: ['deinterlace'],
    alike: [force],
  },
  {
    operation: 'transcode',
    what: 'deinterlaced because it is marked',
    sample: true,
    operations: [force],
    input: 'interlaced.mp4',
    processor: ['deinterlace'],
    alike: [{ transcode: { force: true, deinterlace: 'never' } }],
  },

  {
    operation: 'output',
    what: 'a smaller frame',
    operations: [force],
    video: { resolution: { height: 90 } },
    size: small,
    processor: ['scale'],
  },
  {
    operation: 'output',
    what: 'a frame that fills another aspect ratio',
    sample: true,
    operations: [force],
    video: { resolution: { width: 120, height: 120, fit: 'cover' } },
    size: { width: 120, height: 120 },
    processor: ['scale'],
  },
  {
    operation: 'output',
    what: 'a frame with bars',
    operations: [force],
    video: { resolution: { width: 160, height: 160 } },
    size: { width: 160, height: 160 },
    processor: ['scale'],
    downloads: 1,
  },
  {
    operation: 'output',
    what: 'more frames per second',
    operations: [force],
    video: { fps: 50, resolution: { height: 90 } },
    frames: 50,
    frameRate: '50/1',
    size: small,
    processor: ['scale'],
  },
  {
    operation: 'output',
    what: 'fewer frames per second',
    sample: true,
    operations: [force],
    video: { fps: 12.5 },
    frames: 13,
    frameRate: '25/2',
  },

  { operation: 'trim', what: 'to the frame', operations: [{ trim: { start: 0.2, end: 0.76 } }, force], frames: 14 },
  {
    operation: 'trim',
    what: 'to the frame, and cropped',
    operations: [{ trim: { start: 0.2 } }, { transcode: { crop: { x: 0, y: 0, width: 160, height: 90 } } }],
    frames: 20,
    size: small,
  },
  {
    operation: 'trim',
    what: 'after an edit',
    sample: true,
    operations: [{ transcode: { rotate: 180 } }, { trim: { start: 0.4, end: 0.8 } }],
    frames: 10,
    video: { resolution: { height: 90 } },
    size: small,
    processor: ['rotate', 'scale'],
  },

  {
    operation: 'merge',
    what: 'of clips that are not alike',
    operations: [{ merge: { append: ['other'] } }],
    others: { other: 'unlike.mp4' },
    frames: 50,
    processor: ['scale'],
    downloads: 2,
  },
  {
    operation: 'merge',
    what: 'with a transition',
    operations: [{ merge: { append: ['other'], transition: { type: 'wipeLeft', duration: 0.4 } } }],
    others: { other: 'equal.mp4' },
    frames: 40,
    downloads: 2,
  },

  { operation: 'mute', what: 'in a range', operations: [{ mute: { ranges: [{ start: 0.2, end: 0.5 }] } }, force] },
  {
    operation: 'addAudio',
    what: 'over the audio',
    operations: [{ addAudio: { input: 'tone' } }, force],
    others: { tone: 'tone.m4a' },
  },
  { operation: 'normalizeLoudness', what: 'in two passes', operations: [{ normalizeLoudness: {} }, force] },

  {
    operation: 'subtitle',
    what: 'captions drawn on frames',
    operations: [{ subtitle: text }],
    processor: ['overlay'],
  },
  {
    operation: 'subtitle',
    what: 'a file drawn on frames',
    sample: true,
    operations: [{ subtitle: { input: 'lines', style: { size: 8 } } }],
    others: { lines: 'lines.srt' },
    processor: ['overlay'],
  },
  {
    operation: 'subtitle',
    what: 'a track beside encoded video',
    operations: [{ subtitle: { ...text, mode: 'soft' } }, force],
  },

  {
    operation: 'watermark',
    what: 'an image',
    operations: [{ watermark: { input: 'mark' } }],
    others: { mark: 'mark.png' },
    processor: ['overlay'],
  },
  {
    operation: 'watermark',
    what: 'an image for a while, half transparent',
    operations: [{ watermark: { input: 'mark', start: 0.2, end: 0.6, opacity: 0.5, position: 'topLeft' } }],
    others: { mark: 'mark.png' },
    processor: ['overlay'],
  },
  {
    operation: 'watermark',
    what: 'a clip for a while',
    operations: [{ watermark: { input: 'mark', start: 0.4, end: 0.8, position: 'center' } }],
    others: { mark: 'mark.mp4' },
    downloads: 1,
  },
  {
    operation: 'watermark',
    what: 'a clip all the time',
    sample: true,
    operations: [{ watermark: { input: 'mark', position: 'top', width: 40 } }],
    others: { mark: 'mark.mp4' },
    downloads: 1,
  },

  { operation: 'blur', what: 'of a region', operations: [{ blur: { regions: [region] } }], downloads: 1 },
  {
    operation: 'blur',
    what: 'of an ellipse for a while, then a mark and a smaller frame',
    operations: [
      { blur: { regions: [{ ...region, shape: 'ellipse', start: 0.2, end: 0.6 }] } },
      { watermark: { input: 'mark' } },
    ],
    others: { mark: 'mark.png' },
    video: { resolution: { height: 90 } },
    size: small,
    processor: ['overlay', 'scale'],
    downloads: 1,
  },

  {
    operation: 'speedRamp',
    what: 'slower and faster',
    operations: [
      {
        speedRamp: {
          segments: [
            { start: 0.2, end: 0.6, speed: 0.5 },
            { start: 0.6, end: 1, speed: 1, endSpeed: 2 },
          ],
        },
      },
    ],
    frames: 32,
  },
  {
    operation: 'thumbnail',
    what: 'a poster and a sheet beside the video',
    operations: [
      { thumbnail: { poster: { at: 0.4, width: 160 } } },
      { thumbnail: { sprite: { interval: 0.25, width: 80 } } },
      force,
    ],
    processor: ['scale'],
    downloads: 2,
  },

  { operation: 'output', what: '10 bits from HEVC', sample: true, operations: [force], input: 'ten.mp4' },
  { operation: 'output', what: 'from AV1', sample: true, operations: [force], input: 'av1.mkv' },
  { operation: 'output', what: 'from VP9', sample: true, operations: [force], input: 'vp9.webm' },
  { operation: 'output', what: 'from MPEG-2', sample: true, operations: [force], input: 'mpeg2.mpg' },
  {
    operation: 'output',
    what: 'from ProRes',
    sample: true,
    operations: [force],
    input: 'prores.mov',
    cpuDecode: 'prores in yuv422p10le is decoded by the CPU',
  },
  {
    operation: 'output',
    what: 'video that a player must rotate',
    sample: true,
    operations: [force],
    input: 'turned.mp4',
    size: { width: 180, height: 320 },
    processor: ['rotate', 'scale'],
  },
  {
    operation: 'output',
    what: 'video that begins late',
    sample: true,
    operations: [force],
    input: 'late.mkv',
    frames: clipFrames + 2,
  },
  {
    operation: 'output',
    what: 'pixels that are not square',
    sample: true,
    operations: [force],
    input: 'wide.mp4',
    size: clipSize,
    processor: ['scale'],
  },
  {
    operation: 'output',
    what: 'odd width and height',
    sample: true,
    operations: [force],
    input: 'odd.webm',
    size: clipSize,
  },
  {
    operation: 'output',
    what: 'the full range of values',
    sample: true,
    operations: [force],
    input: 'full.mp4',
    downloads: 1,
  },
  {
    operation: 'output',
    what: 'colours of standard definition, smaller',
    sample: true,
    operations: [force],
    input: 'sd.mp4',
    video: { resolution: { height: 90 } },
    size: small,
    processor: ['scale'],
  },
];

/** Corrections of video, and all settings of outputs. */
export const corrections: readonly Row[] = all.filter(
  ({ operation }) => operation === 'transcode' || operation === 'output',
);
/** All other operations. */
export const edits: readonly Row[] = all.filter((row) => !corrections.includes(row));

/** A job that needs no encoder for its video. */
export interface Copy {
  readonly operation: OperationType;
  readonly what: string;
  readonly operations: readonly Operation[];
  readonly others?: Readonly<Record<string, string>>;
}

export const copies: readonly Copy[] = [
  { operation: 'mute', what: 'all of it', operations: [{ mute: {} }] },
  { operation: 'mute', what: 'a range', operations: [{ mute: { ranges: [{ start: 0.2, end: 0.5 }] } }] },
  {
    operation: 'addAudio',
    what: 'instead of the audio',
    operations: [{ addAudio: { input: 'tone', mode: 'replace' } }],
    others: { tone: 'tone.m4a' },
  },
  { operation: 'normalizeLoudness', what: 'of the audio', operations: [{ normalizeLoudness: {} }] },
  { operation: 'subtitle', what: 'a track', operations: [{ subtitle: { ...text, mode: 'soft' } }] },
  {
    operation: 'merge',
    what: 'of equal clips',
    operations: [{ merge: { append: ['other'] } }],
    others: { other: 'equal.mp4' },
  },
  { operation: 'trim', what: 'at key frames', operations: [{ trim: { start: 0.4, precise: false } }] },
];
