import { z } from 'zod';
import type { Plan } from '../../media/planning/plan.ts';
import { outputContract } from '../../model/job/output-contract.ts';
import { backends, encoderFallback, outputFile, precisionReport } from '../../model/status/result.ts';

const placement = z.strictObject({
  what: z.string().describe('decode, encode, or an operation.'),
  runsOn: z.enum(['gpu', 'cpu', 'copy']).describe('Where it runs.'),
  why: z.string().describe('Reason for it.'),
});

const ticks = z.number().describe('Ticks on the clock of the source.');

const join = z
  .strictObject({
    codec: z.enum(['h264', 'hevc']),
    source: z.string().describe('File with the copied frames and the frames around them.'),
    head: z.string().exactOptional().describe('File with the encoded frames before the copied ones.'),
    tail: z.string().exactOptional().describe('File with the encoded frames after the copied ones.'),
    output: z.string().describe('File that is written.'),
    timescale: z.number().describe('Ticks per second.'),
    start: ticks,
    end: ticks.exactOptional(),
    copyStart: ticks,
    copyEnd: ticks.exactOptional(),
    origin: ticks,
    fromZero: z.boolean().describe('Whether the first frame is always shown at 0.'),
    duration: ticks.exactOptional(),
  })
  .describe('Pieces that the worker joins before the process starts.');

const step = z.strictObject({
  name: z.string().describe('Name of the step.'),
  argv: z.array(z.string()).describe('Arguments of FFmpeg.'),
  expectedSeconds: z.number().describe('Seconds of output.'),
  weight: z.number().describe('Share of the work of the whole plan.'),
  placements: z.array(placement).describe('What is done where, and why.'),
  join: join.exactOptional(),
});

const analysis = z.strictObject({
  id: z.string(),
  kind: z.literal('loudness'),
  argv: z.array(z.string()),
  expectedSeconds: z.number(),
});

const expectation = z
  .strictObject({
    duration: z.number().exactOptional(),
    frames: z.number().exactOptional(),
    video: z.boolean(),
    audio: z.boolean(),
    width: z.number().exactOptional(),
    height: z.number().exactOptional(),
    videoCodec: z.string().exactOptional(),
    audioCodec: z.string().exactOptional(),
    tolerance: z.number().exactOptional(),
    loudness: z.number().exactOptional(),
  })
  .describe('Properties that the file must have to be published.');

const plannedOutput = z.strictObject({
  name: z.string().describe('main, the name of a rendition, or that of a thumbnail.'),
  kind: outputFile.shape.kind,
  path: z.string(),
  extension: z.string(),
  mediaType: z.string(),
  key: z.string().exactOptional(),
  track: z.string().exactOptional().describe('The track whose playlist it is.'),
  expect: expectation,
  contract: outputContract,
  comparison: z
    .discriminatedUnion('how', [
      z.strictObject({ how: z.literal('measured'), argv: z.array(z.string()) }),
      z.strictObject({ how: z.literal('copied') }),
    ])
    .exactOptional()
    .describe('How a minimum quality is checked.'),
});

const stream = z
  .strictObject({
    main: z.enum(['hls', 'dash']),
    prefix: z.string().describe('Start of the names of all files of the set.'),
    folder: z.string(),
    segmentSeconds: z.number().describe('Length of a segment: whole frames of every rendition.'),
    duration: z.number(),
    tracks: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['video', 'audio', 'text']),
        path: z.string(),
        copied: z.boolean(),
        group: z.string().exactOptional(),
        language: z.string().exactOptional(),
        channels: z.number().exactOptional(),
        dynamicRange: z.enum(['sdr', 'pq', 'hlg']).exactOptional(),
      }),
    ),
    variants: z.array(
      z.strictObject({ name: z.string(), video: z.string().exactOptional(), audio: z.string().exactOptional() }),
    ),
  })
  .describe('How the tracks that the steps write become segments and playlists.');

/** `Plan` of src/media/planning/plan.ts as a schema; the compiler checks that both agree. */
export const planReply: z.ZodType<Plan> = z
  .strictObject({
    backend: z.enum(backends).describe('Where the encoding runs; copy when nothing is encoded.'),
    device: z.string().exactOptional().describe('Device node of the GPU.'),
    fallbacks: z.array(encoderFallback).describe('Why each better backend is not used.'),
    analyses: z.array(analysis).describe('Measurements before the final plan is made.'),
    files: z
      .array(z.strictObject({ path: z.string(), content: z.string() }))
      .describe('Small text files that the steps need.'),
    steps: z.array(step).describe('One FFmpeg process each.'),
    precision: precisionReport.exactOptional(),
    outputs: z.array(plannedOutput).describe('Files that the job creates.'),
    stream: stream.exactOptional(),
    duration: z.number().describe('Duration of the main output in seconds.'),
    estimate: z.strictObject({ seconds: z.number() }).describe('Time that the job is expected to take here.'),
    notes: z.array(z.string()).describe('Remarks for the reader of the plan.'),
  })
  .describe('What would run, and the reason for each choice.');
