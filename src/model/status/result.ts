import { z } from 'zod';
import { errorTable, isErrorCode } from '../../errors/error-table.ts';
import { bounds } from '../job/bounds.ts';
import { contractCheck } from '../job/output-contract.ts';

/** Encoder backends, best first. */
export const backends = ['qsv-full', 'qsv-encode', 'vaapi', 'software', 'copy'] as const;
export type EncoderBackend = (typeof backends)[number];

/** Why an encoder backend was not used. Also the values of a metric's label: keep them few. */
const fallbackCauses = [
  'acceleration-disabled',
  /** The machine has no usable render node. */
  'no-device',
  /** The process may not open the render node. */
  'no-permission',
  'not-intel',
  /** The VA driver did not open the device. */
  'device-not-opened',
  /** No Quick Sync session could be created. */
  'no-session',
  /** FFmpeg lacks an encoder, decoder or filter. */
  'capability-missing',
  /** Every trial encode failed. */
  'trial-failed',
  /** No device encodes the codec, bit depth or bit rate of the outputs. */
  'target-unsupported',
  /** The frames are decoded or selected in main memory. */
  'cpu-frames',
  /** The device rejected parameters during the job. */
  'unsupported-parameters',
  /** The device failed or was lost during the job. */
  'device-failed',
  /** FFmpeg failed without naming the device as the cause. */
  'ffmpeg-failed',
  /** FFmpeg made no progress. */
  'stalled',
] as const;

export type FallbackCause = (typeof fallbackCauses)[number];

/** Why one encoder backend is not used. */
export interface FallbackReason {
  readonly cause: FallbackCause;
  /** One sentence for people. */
  readonly message: string;
}

export const encoderFallback = z
  .strictObject({
    from: z.enum(backends).describe('The backend that was not used.'),
    cause: z.enum(fallbackCauses).describe('Class of the reason.'),
    message: z.string().max(bounds.fallbackMessage).describe('The reason in words.'),
  })
  .describe('One better backend and why it was not used.');

export type EncoderFallback = z.infer<typeof encoderFallback>;

export const accelerationReport = z
  .strictObject({
    backend: z.enum(backends).describe('Encoder backend; copy when nothing was encoded.'),
    device: z.string().max(64).optional().describe('Device node of the GPU.'),
    fallbacks: z.array(encoderFallback).max(backends.length).describe('Why each better backend was not used.'),
  })
  .describe('Encoder backend that was used and why.');

export type AccelerationReport = z.infer<typeof accelerationReport>;

export const precisionReport = z
  .strictObject({
    method: z
      .enum(['smart-cut', 're-encode', 'keyframe-copy'])
      .describe(
        'smart-cut: frames are copied and only the head and the tail are re-encoded; re-encode: all frames are encoded; keyframe-copy: all frames are copied.',
      ),
    copiedFrames: z.int().min(0).optional().describe('Number of frames that were copied bit by bit.'),
    encodedFrames: z.int().min(0).optional().describe('Number of frames that were re-encoded.'),
    encoded: z
      .array(
        z
          .strictObject({
            start: z.number().min(0).describe('Start in seconds of the output.'),
            end: z.number().min(0).describe('End in seconds of the output.'),
            frames: z.int().min(1).describe('Number of frames.'),
          })
          .describe('Consecutive frames that were re-encoded.'),
      )
      .max(2)
      .optional()
      .describe('Re-encoded head and tail of a smart cut.'),
    startErrorSeconds: z
      .number()
      .optional()
      .describe('Seconds from the requested start to the first frame; negative when that is earlier.'),
    endErrorSeconds: z
      .number()
      .optional()
      .describe('Seconds from the requested end to the end of the last frame; absent for the end of the file.'),
    why: z.string().max(160).optional().describe('Why no better method was used.'),
  })
  .describe('Method and accuracy of a trim.');

export type PrecisionReport = z.infer<typeof precisionReport>;

export const outputFile = z
  .strictObject({
    name: z.string().max(40).describe('Name of the output: main, or that of a rendition or thumbnail.'),
    kind: z
      .enum(['video', 'audio', 'image', 'sprite', 'vtt', 'preview', 'playlist', 'segment', 'report'])
      .describe('Kind of the file.'),
    key: z.string().max(255).describe('Key of the file in its destination.'),
    mediaType: z.string().max(80).describe('Media type (RFC 6838).'),
    bytes: z.int().min(0).describe('Size in bytes.'),
    durationSeconds: z.number().min(0).optional().describe('Duration in seconds.'),
    width: z.int().min(0).optional().describe('Width in pixels.'),
    height: z.int().min(0).optional().describe('Height in pixels.'),
    videoCodec: z.string().max(20).optional().describe('Codec of the video.'),
    audioCodec: z.string().max(20).optional().describe('Codec of the audio.'),
    frames: z.int().min(0).optional().describe('Number of video frames.'),
    segments: z.int().min(0).optional().describe('Number of segments that a playlist refers to, published beside it.'),
    segmentBytes: z.int().min(0).optional().describe('Total size of those segments in bytes.'),
  })
  .describe('One published file.');

export type OutputFile = z.infer<typeof outputFile>;

export const jobError = z
  .strictObject({
    code: z
      .string()
      .max(40)
      .refine(isErrorCode, { error: `must be one of ${Object.keys(errorTable).join(', ')}` })
      .describe('Error code from the error table.'),
    message: z.string().max(bounds.message).describe('Explanation of the error: what was expected and what was found.'),
    remedy: z.string().max(bounds.message).optional().describe('What to do about it.'),
    stderrTail: z
      .string()
      .max(bounds.stderrTail)
      .optional()
      .describe("The last lines of FFmpeg's log, without secrets."),
  })
  .describe('Why the job failed.');

export type JobError = z.infer<typeof jobError>;

/** The result that a worker writes: at most 4096 bytes of JSON. The details are in the report, an object beside the outputs. */
export const stageResult = z.strictObject({
  version: z.literal(1),
  exitCode: z.int().min(0).max(255),
  outputs: z.array(outputFile).max(bounds.outputs).optional(),
  acceleration: accelerationReport.optional(),
  precision: precisionReport.optional(),
  checks: z.array(contractCheck).max(32).optional(),
  timings: z
    .strictObject({
      fetchSeconds: z.number().min(0),
      encodeSeconds: z.number().min(0),
      verifySeconds: z.number().min(0),
      totalSeconds: z.number().min(0),
      /** Seconds of output per second of encoding. */
      speed: z.number().min(0).optional(),
    })
    .optional(),
  /** Number of FFmpeg processes that wrote the outputs. */
  processes: z.int().min(0).optional(),
  /** Key of the full report (probe, argument lists, all checks, whole FFmpeg log) beside the outputs. */
  report: z.string().max(255).optional(),
  error: jobError.optional(),
});

export type StageResult = z.infer<typeof stageResult>;
