import { z } from 'zod';
import type { Plan } from '../media/plan.ts';
import { outputContract } from '../model/output-contract.ts';
import { outputFile, rungs } from '../model/result.ts';

const placement = z.strictObject({
  what: z.string().describe('decode, encode, or an operation.'),
  place: z.enum(['gpu', 'cpu', 'copy']).describe('Where it runs.'),
  why: z.string().describe('Why there.'),
});

const step = z.strictObject({
  name: z.string().describe('Name of the step.'),
  argv: z.array(z.string()).describe('Arguments of FFmpeg.'),
  expectedSeconds: z.number().describe('Seconds of output.'),
  weight: z.number().describe('Share of the work of the whole plan.'),
  placements: z.array(placement).describe('What is done where, and why.'),
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

/** `Plan` of src/media/plan.ts as a schema; the compiler holds the two together. */
export const planReply: z.ZodType<Plan> = z
  .strictObject({
    rung: z.enum(rungs).describe('Where the encoding runs; copy when nothing is encoded.'),
    device: z.string().exactOptional().describe('Device node of the GPU.'),
    stepsDown: z
      .array(z.strictObject({ from: z.enum(rungs), reason: z.string() }))
      .describe('Why each better rung is not used.'),
    analyses: z.array(analysis).describe('Measurements that are made before the final plan is drawn.'),
    files: z
      .array(z.strictObject({ path: z.string(), content: z.string() }))
      .describe('Small text files that the steps need.'),
    steps: z.array(step).describe('One FFmpeg process each.'),
    outputs: z.array(plannedOutput).describe('Files that are made.'),
    duration: z.number().describe('Duration of the main output in seconds.'),
    estimate: z.strictObject({ seconds: z.number() }).describe('Time that the job is expected to take here.'),
    notes: z.array(z.string()).describe('What a person should know.'),
  })
  .describe('What would be run, and why.');
