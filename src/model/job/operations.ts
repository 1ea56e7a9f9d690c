import { z } from 'zod';
import { bounds } from './bounds.ts';
import { inputName, positiveSeconds, seconds } from './primitives.ts';
import { exactlyOneOf, type Rule, withRules } from './rule.ts';

// Operations apply in order to one timeline, which starts as the first input. Times are seconds on the timeline as the
// operations before left it; lengths are pixels of the frame as a player shows it (rotation applied).

const startBeforeEnd: Rule<{ start?: number | undefined; end?: number | undefined }> = {
  cel: '!has(self.start) || !has(self.end) || self.start < self.end',
  message: 'end must be greater than start',
  holds: ({ start, end }) => start === undefined || end === undefined || start < end,
  path: ['end'],
};

const range = withRules(
  z
    .strictObject({
      start: seconds.describe('Start of the range in seconds.'),
      end: positiveSeconds.describe('End of the range in seconds, not included.'),
    })
    .describe('A range of time.'),
  [startBeforeEnd],
);

const transcode = z
  .strictObject({
    force: z.boolean().optional().describe('Re-encode even where the streams could be copied.'),
    deinterlace: z
      .enum(['auto', 'always', 'never'])
      .optional()
      .describe('auto (the default) deinterlaces frames that are marked as interlaced.'),
    rotate: z
      .union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)])
      .optional()
      .describe('Clockwise rotation in degrees, added to the rotation that the file specifies.'),
    crop: z
      .strictObject({
        x: z.int().min(0).max(bounds.side).describe('Distance from the left in pixels.'),
        y: z.int().min(0).max(bounds.side).describe('Distance from the top in pixels.'),
        width: z.int().min(2).max(bounds.side).describe('Width in pixels.'),
        height: z.int().min(2).max(bounds.side).describe('Height in pixels.'),
      })
      .optional()
      .describe('The part of the frame to keep.'),
    denoise: z.int().min(0).max(100).optional().describe('Strength of noise reduction.'),
    sharpen: z.int().min(0).max(100).optional().describe('Strength of sharpening.'),
  })
  .describe('Encode as spec.output defines, with corrections of the video.');

export const trim = withRules(
  z
    .strictObject({
      start: seconds.optional().describe('Start of the kept range in seconds; 0 when absent.'),
      end: positiveSeconds
        .optional()
        .describe('End of the kept range in seconds, not included; the end of the timeline when absent.'),
      precise: z
        .boolean()
        .optional()
        .describe(
          'true (the default) starts on the exact frame; false starts on the key frame before it and copies the streams.',
        ),
    })
    .describe('Keep one range of the timeline.'),
  [
    startBeforeEnd,
    {
      cel: 'has(self.start) || has(self.end)',
      message: 'start or end must be set',
      holds: ({ start, end }) => start !== undefined || end !== undefined,
    },
  ],
);

export const merge = withRules(
  z
    .strictObject({
      prepend: z.array(inputName).max(bounds.mergeInputs).optional().describe('Inputs before the timeline, in order.'),
      append: z.array(inputName).max(bounds.mergeInputs).optional().describe('Inputs after the timeline, in order.'),
      transition: z
        .strictObject({
          type: z
            .enum(['fade', 'wipeLeft', 'wipeRight', 'slideLeft', 'slideRight', 'dissolve'])
            .describe('Kind of transition.'),
          duration: z
            .number()
            .min(0.1)
            .max(10)
            .describe('Length of the transition in seconds, by which neighbouring clips overlap.'),
        })
        .optional()
        .describe('Transition between neighbouring clips; a cut when absent.'),
    })
    .describe('Concatenate clips.'),
  [
    {
      cel: '(has(self.append) ? size(self.append) : 0) + (has(self.prepend) ? size(self.prepend) : 0) > 0',
      message: 'append or prepend must name at least one input',
      holds: ({ append, prepend }) => (append?.length ?? 0) + (prepend?.length ?? 0) > 0,
    },
  ],
);

export const mute = z
  .strictObject({
    ranges: z
      .array(range)
      .min(1)
      .max(bounds.ranges)
      .optional()
      .describe('Ranges to silence; the whole timeline when absent.'),
  })
  .describe('Silence the audio, in ranges or all of it.');

export const addAudio = z
  .strictObject({
    input: inputName.describe('The input whose audio is added.'),
    mode: z
      .enum(['mix', 'replace'])
      .optional()
      .describe('mix (the default) keeps the present audio, replace removes it.'),
    volume: z
      .number()
      .min(0)
      .max(4)
      .optional()
      .describe('Gain of the added audio; 1 (the default) leaves it unchanged.'),
    offset: seconds.optional().describe('Start of the added audio on the timeline in seconds.'),
    loop: z.boolean().optional().describe('Repeat the added audio until the video ends.'),
    fadeIn: z.number().min(0).max(60).optional().describe('Length of the fade-in of the added audio in seconds.'),
    fadeOut: z.number().min(0).max(60).optional().describe('Length of the fade-out of the added audio in seconds.'),
  })
  .describe('Add audio from an input.');

export const caption = withRules(
  z
    .strictObject({
      id: z.string().max(40).optional().describe('Identifier of the caption.'),
      from: z
        .int()
        .min(0)
        .max(bounds.timelineSeconds * 1000)
        .describe('Start in milliseconds.'),
      to: z
        .int()
        .min(1)
        .max(bounds.timelineSeconds * 1000)
        .describe('End in milliseconds.'),
      text: z.string().min(1).max(bounds.captionText).describe('Text; line breaks are kept.'),
    })
    .describe('One caption.'),
  [
    {
      cel: 'self.from < self.to',
      message: 'to must be greater than from',
      holds: ({ from, to }) => from < to,
      path: ['to'],
    },
  ],
);

const color = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #ffcc00')
  .max(7);

const subtitleStyle = z
  .strictObject({
    font: z
      .string()
      .max(60)
      .regex(/^[\p{L}\p{N} ._-]+$/u, 'must be a font family name')
      .optional()
      .describe('Font family.'),
    size: z
      .number()
      .min(1)
      .max(20)
      .optional()
      .describe('Height of the text in percent of the frame height; 5 when absent.'),
    color: color.optional().describe('Colour of the text as #rrggbb.'),
    outlineColor: color.optional().describe('Colour of the outline as #rrggbb.'),
    outline: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .describe('Width of the outline in tenths of a percent of the frame height.'),
    background: z.boolean().optional().describe('Draw a dark box behind the text.'),
    bold: z.boolean().optional().describe('Bold text.'),
    italic: z.boolean().optional().describe('Italic text.'),
    position: z.enum(['bottom', 'middle', 'top']).optional().describe('Position of the text; bottom when absent.'),
    margin: z
      .number()
      .min(0)
      .max(50)
      .optional()
      .describe('Distance from the frame border in percent of the frame height.'),
  })
  .describe('Style of burnt-in text.');

export const subtitle = withRules(
  z
    .strictObject({
      input: inputName
        .optional()
        .describe(
          'An input that is an SRT, WebVTT or ASS file, or a video, of which the first text track is used with its fonts.',
        ),
      captions: z.array(caption).min(1).max(bounds.captions).optional().describe('Captions in the job itself.'),
      mode: z
        .enum(['burn', 'soft'])
        .optional()
        .describe(
          'burn (the default) draws the text on the video, soft adds a track that a player can turn on and off.',
        ),
      language: z
        .string()
        .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag')
        .max(35)
        .optional()
        .describe('Language tag of a soft track (BCP 47).'),
      style: subtitleStyle.optional(),
    })
    .describe('Show text over the video.'),
  [exactlyOneOf(['input', 'captions'])],
);

const blurRegion = withRules(
  z
    .strictObject({
      x: z.number().min(0).max(bounds.side).describe('Distance from the left.'),
      y: z.number().min(0).max(bounds.side).describe('Distance from the top.'),
      width: z.number().gt(0).max(bounds.side).describe('Width.'),
      height: z.number().gt(0).max(bounds.side).describe('Height.'),
      start: seconds.optional().describe('Start in seconds; from the beginning when absent.'),
      end: positiveSeconds.optional().describe('End in seconds; to the end when absent.'),
      strength: z.number().min(1).max(100).optional().describe('Strength of the blur; 50 when absent.'),
      shape: z.enum(['rectangle', 'ellipse']).optional().describe('Shape of the region; rectangle when absent.'),
    })
    .describe('A region to blur.'),
  [startBeforeEnd],
);

export const blur = z
  .strictObject({
    regions: z.array(blurRegion).min(1).max(bounds.regions).describe('Regions to blur; they may overlap.'),
    unit: z.enum(['pixels', 'percent']).optional().describe('Unit of x, y, width and height; pixels when absent.'),
  })
  .describe('Blur regions of the video.');

const rampSegment = withRules(
  z
    .strictObject({
      start: seconds.describe('Start in seconds of the timeline before the ramp.'),
      end: positiveSeconds.describe('End in seconds of the timeline before the ramp.'),
      speed: z.number().min(0.1).max(16).describe('Speed at the start; 2 is twice as fast.'),
      endSpeed: z
        .number()
        .min(0.1)
        .max(16)
        .optional()
        .describe('Speed at the end, reached linearly; the same as speed when absent.'),
    })
    .describe('A part of the timeline with another speed.'),
  [startBeforeEnd],
);

export const speedRamp = withRules(
  z
    .strictObject({
      segments: z
        .array(rampSegment)
        .min(1)
        .max(bounds.rampSegments)
        .describe('Parts in rising order without overlap; the rest keeps its speed.'),
      audio: z
        .enum(['pitch', 'drop'])
        .optional()
        .describe('pitch (the default) changes the tempo and keeps the pitch, drop removes the audio.'),
    })
    .describe('Change the speed of parts of the timeline.'),
  [
    {
      cel: 'self.segments.all(i, self.segments.filter(j, j.start < i.end && i.start < j.end).size() == 1)',
      message: 'segments must not overlap',
      holds: ({ segments }) =>
        segments.every((a, i) => segments.every((b, j) => i === j || b.start >= a.end || a.start >= b.end)),
      path: ['segments'],
    },
  ],
);

const watermark = withRules(
  z
    .strictObject({
      input: inputName.describe('An input that is an image or a video; its transparency is kept.'),
      position: z
        .enum(['topLeft', 'top', 'topRight', 'left', 'center', 'right', 'bottomLeft', 'bottom', 'bottomRight'])
        .optional()
        .describe('Position of the watermark; bottomRight when absent.'),
      margin: z
        .number()
        .min(0)
        .max(50)
        .optional()
        .describe('Distance from the frame borders in percent of the frame height; 3 when absent.'),
      width: z
        .number()
        .gt(0)
        .max(100)
        .optional()
        .describe('Width of the watermark in percent of the frame width; its own size when absent.'),
      opacity: z.number().min(0).max(1).optional().describe('1 (the default) is opaque.'),
      start: seconds.optional().describe('Start in seconds; from the beginning when absent.'),
      end: positiveSeconds.optional().describe('End in seconds; to the end when absent.'),
    })
    .describe('Lay an image or a video over the timeline.'),
  [startBeforeEnd],
);

export const normalizeLoudness = z
  .strictObject({
    integrated: z.number().min(-70).max(-5).optional().describe('Target loudness in LUFS; -16 when absent.'),
    truePeak: z.number().min(-9).max(0).optional().describe('Highest true peak in dBTP; -1.5 when absent.'),
    range: z.number().min(1).max(50).optional().describe('Target loudness range in LU; 11 when absent.'),
  })
  .describe('Normalize the audio to a target loudness (EBU R 128), in two passes.');

const thumbnail = withRules(
  z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes')
        .max(20)
        .optional()
        .describe('Name of the output; the kind (poster, sprite or preview) when absent.'),
      poster: z
        .strictObject({
          at: seconds.optional().describe('Time of the frame in seconds; a tenth of the duration when absent.'),
          width: z
            .int()
            .min(16)
            .max(bounds.side)
            .optional()
            .describe('Width in pixels; the height keeps the aspect ratio.'),
          format: z.enum(['jpeg', 'png', 'webp']).optional().describe('Image format; jpeg when absent.'),
        })
        .optional()
        .describe('One frame as an image.'),
      sprite: z
        .strictObject({
          interval: z
            .number()
            .min(0.1)
            .max(3600)
            .optional()
            .describe('Seconds between frames; 100 frames over the duration when absent.'),
          width: z.int().min(16).max(640).optional().describe('Width of one frame in pixels; 160 when absent.'),
          columns: z.int().min(1).max(50).optional().describe('Frames in a row; 10 when absent.'),
        })
        .optional()
        .describe('A sheet of small frames with a WebVTT index for a player.'),
      preview: z
        .strictObject({
          start: seconds.optional().describe('Start in seconds.'),
          duration: z.number().min(0.5).max(30).optional().describe('Length in seconds; 3 when absent.'),
          width: z.int().min(16).max(1280).optional().describe('Width in pixels; 320 when absent.'),
          fps: z.number().min(1).max(30).optional().describe('Frames per second; 10 when absent.'),
          format: z.enum(['webp', 'gif']).optional().describe('Format; webp when absent.'),
        })
        .optional()
        .describe('A short animated image.'),
    })
    .describe(
      'A poster, a sprite sheet or an animated preview beside the main output; there is no main output when all operations are thumbnails and output is absent.',
    ),
  [exactlyOneOf(['poster', 'sprite', 'preview'])],
);

export const operationTypes = [
  'transcode',
  'trim',
  'merge',
  'mute',
  'addAudio',
  'subtitle',
  'blur',
  'speedRamp',
  'watermark',
  'normalizeLoudness',
  'thumbnail',
] as const;
export type OperationType = (typeof operationTypes)[number];

export const operation = withRules(
  z
    .strictObject({
      transcode: transcode.optional(),
      trim: trim.optional(),
      merge: merge.optional(),
      mute: mute.optional(),
      addAudio: addAudio.optional(),
      subtitle: subtitle.optional(),
      blur: blur.optional(),
      speedRamp: speedRamp.optional(),
      watermark: watermark.optional(),
      normalizeLoudness: normalizeLoudness.optional(),
      thumbnail: thumbnail.optional(),
    })
    .describe('One operation: exactly one member must be set.'),
  [exactlyOneOf(operationTypes)],
);

export type Operation = z.infer<typeof operation>;
export type Caption = z.infer<typeof caption>;
export type SubtitleStyle = z.infer<typeof subtitleStyle>;

/** The parameters of each operation by its type. */
export type OperationParameters = { [T in OperationType]-?: NonNullable<Operation[T]> };

/** An operation with its type as a tag, instead of one optional member per type. */
export type TaggedOperation = {
  [T in OperationType]: { readonly type: T; readonly parameters: OperationParameters[T] };
}[OperationType];

/** The operation with the one member that is set. Throws a TypeError for none, which the schema excludes. */
export function taggedOperation(value: Operation): TaggedOperation {
  if (value.transcode !== undefined) return { type: 'transcode', parameters: value.transcode };
  if (value.trim !== undefined) return { type: 'trim', parameters: value.trim };
  if (value.merge !== undefined) return { type: 'merge', parameters: value.merge };
  if (value.mute !== undefined) return { type: 'mute', parameters: value.mute };
  if (value.addAudio !== undefined) return { type: 'addAudio', parameters: value.addAudio };
  if (value.subtitle !== undefined) return { type: 'subtitle', parameters: value.subtitle };
  if (value.blur !== undefined) return { type: 'blur', parameters: value.blur };
  if (value.speedRamp !== undefined) return { type: 'speedRamp', parameters: value.speedRamp };
  if (value.watermark !== undefined) return { type: 'watermark', parameters: value.watermark };
  if (value.normalizeLoudness !== undefined) return { type: 'normalizeLoudness', parameters: value.normalizeLoudness };
  if (value.thumbnail !== undefined) return { type: 'thumbnail', parameters: value.thumbnail };
  throw new TypeError(`Expected an operation with one of ${operationTypes.join(', ')}, got an empty one`);
}

/** The type of the operation: the one member that is set. */
export function operationType(value: Operation): OperationType {
  return taggedOperation(value).type;
}

/** Names of the inputs that an operation refers to, in its order; also those of an operation that fails the schema. */
export function operationInputs({
  merge: joined,
  addAudio: added,
  subtitle: text,
  watermark: mark,
}: Operation): string[] {
  const names = [...(joined?.prepend ?? []), ...(joined?.append ?? []), added?.input, text?.input, mark?.input];
  return names.filter((name) => name !== undefined);
}
