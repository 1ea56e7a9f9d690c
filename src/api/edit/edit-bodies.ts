import { z } from 'zod';
import { bounds } from '../../model/job/bounds.ts';
import { addAudio, blur, caption, merge, mute, speedRamp, subtitle, trim } from '../../model/job/operations.ts';
import { output } from '../../model/job/output.ts';
import { accelerations, renderJobSpec } from '../../model/job/render-job.ts';

// Bodies of the Edit API. An operation's own fields are those of the model, so that bounds and descriptions are written once.

/** Most captions in a request; more than fit into a job are stored as a file beside it. */
const maxCaptions = 20_000;

const sourceUrl = z.string().min(1).max(bounds.url).describe('URL of an uploaded file, or an http or https URL.');

const common = {
  output: output.optional(),
  acceleration: z
    .enum([...accelerations, 'required', 'preferred', 'disabled'])
    .optional()
    .describe('Whether an Intel GPU must, should (the default) or must not encode.'),
  priority: renderJobSpec.shape.priority,
  webhook: z.unknown().optional().describe('Not supported yet: a request with it is rejected.'),
  delivery: z
    .enum(['async', 'sync'])
    .optional()
    .describe('async (the default) replies immediately; sync waits for the end of the job, up to a limit.'),
};

export const editBodies = {
  trim: z.strictObject({
    videoUrl: sourceUrl,
    start: trim.shape.start.unwrap(),
    end: trim.shape.end.unwrap(),
    precise: trim.shape.precise,
    ...common,
  }),
  merge: z.strictObject({
    videoUrls: z.array(sourceUrl).min(2).max(bounds.mergeInputs).describe('The clips in order.'),
    transition: merge.shape.transition,
    ...common,
  }),
  mute: z.strictObject({ videoUrl: sourceUrl, ranges: mute.shape.ranges, ...common }),
  'add-audio': z.strictObject({
    videoUrl: sourceUrl,
    audioUrl: sourceUrl,
    mode: addAudio.shape.mode,
    volume: addAudio.shape.volume,
    offset: addAudio.shape.offset,
    loop: addAudio.shape.loop,
    fadeIn: addAudio.shape.fadeIn,
    fadeOut: addAudio.shape.fadeOut,
    ...common,
  }),
  subtitle: z
    .strictObject({
      videoUrl: sourceUrl,
      subtitleUrl: sourceUrl.optional(),
      captions: z.array(caption).min(1).max(maxCaptions).optional().describe('Captions in the request.'),
      mode: subtitle.shape.mode,
      language: subtitle.shape.language,
      style: subtitle.shape.style,
      ...common,
    })
    .refine((body) => (body.subtitleUrl === undefined) !== (body.captions === undefined), {
      error: 'exactly one of subtitleUrl and captions must be set',
      path: ['subtitleUrl'],
    }),
  blur: z.strictObject({ videoUrl: sourceUrl, regions: blur.shape.regions, unit: blur.shape.unit, ...common }),
  'speed-ramp': z.strictObject({
    videoUrl: sourceUrl,
    segments: speedRamp.shape.segments,
    audio: speedRamp.shape.audio,
    ...common,
  }),
} as const;

export const editOperationNames = [
  'trim',
  'merge',
  'mute',
  'add-audio',
  'subtitle',
  'blur',
  'speed-ramp',
] as const satisfies readonly (keyof typeof editBodies)[];

export type EditOperation = keyof typeof editBodies;
export type EditBody<O extends EditOperation = EditOperation> = z.output<(typeof editBodies)[O]>;
