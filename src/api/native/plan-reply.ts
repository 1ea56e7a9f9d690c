import { z } from 'zod';
import type { Plan } from '../../media/planning/plan.ts';
import { outputContract } from '../../model/job/output-contract.ts';
import { backends, encoderFallback, outputFile, precisionReport } from '../../model/status/result.ts';

const placement = z.strictObject({
  what: z.string().describe('decode, encode, or an operation.'),
  runsOn: z.enum(['gpu', 'cpu', 'copy']).describe('Where it runs.'),
  why: z.string().describe('Why there.'),
});

const ticks = z.number().describe('Ticks on the clock of the source.');

const join = z
  .strictObject({
    codec: z.enum(['h264', 'hevc']),
    source: z.string().describe('File with the copied pictures and others around them.'),
    head: z.string().exactOptional().describe('File with the encoded pictures before the copied ones.'),
    tail: z.string().exactOptional().describe('File with the encoded pictures behind the copied ones.'),
    output: z.string().describe('File that is written.'),
    timescale: z.number().describe('Ticks per second.'),
    start: ticks,
    end: ticks.exactOptional(),
    copyStart: ticks,
    copyEnd: ticks.exactOptional(),
    origin: ticks,
    fromZero: z.boolean().describe('Whether the first picture is shown at 0 in any case.'),
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
  .describe('What the file must be to be published.');

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
    .describe('How a floor of quality is checked.'),
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

/** `Plan` of src/media/plan.ts as a schema; the compiler holds the two together. */
export const planReply: z.ZodType<Plan> = z
  .strictObject({
    backend: z.enum(backends).describe('Where the encoding runs; copy when nothing is encoded.'),
    device: z.string().exactOptional().describe('Device node of the GPU.'),
    fallbacks: z.array(encoderFallback).describe('Why each better backend is not used.'),
    analyses: z.array(analysis).describe('Measurements that are made before the final plan is drawn.'),
    files: z
      .array(z.strictObject({ path: z.string(), content: z.string() }))
      .describe('Small text files that the steps need.'),
    steps: z.array(step).describe('One FFmpeg process each.'),
    precision: precisionReport.exactOptional(),
    outputs: z.array(plannedOutput).describe('Files that are made.'),
    stream: stream.exactOptional(),
    duration: z.number().describe('Duration of the main output in seconds.'),
    estimate: z.strictObject({ seconds: z.number() }).describe('Time that the job is expected to take here.'),
    notes: z.array(z.string()).describe('What a person should know.'),
  })
  .describe('What would be run, and why.');
