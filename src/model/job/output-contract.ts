import { z } from 'zod';

/** Checks that an output must pass before it is published. Their measurements are part of the result. */
export const outputContract = z
  .strictObject({
    durationTolerance: z
      .number()
      .min(0)
      .max(60)
      .optional()
      .describe(
        'Largest difference from the expected duration in seconds; one frame or 0.05 s, the greater, when absent.',
      ),
    decode: z
      .enum(['none', 'sample', 'full'])
      .optional()
      .describe('How much of the output is decoded as a check; sample (start, middle and end) when absent.'),
    requireAudio: z
      .boolean()
      .optional()
      .describe('Whether an output without audio fails; derived from the inputs and operations when absent.'),
    minXpsnr: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe(
        'Lowest XPSNR in dB of the worst plane, against the source through the same filters; needs FFmpeg 7.1.',
      ),
    minSsim: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Lowest mean SSIM of all planes, against the source through the same filters.'),
    loudnessTolerance: z
      .number()
      .min(0.1)
      .max(10)
      .optional()
      .describe('Largest difference from the loudness target in LU.'),
  })
  .describe('Checks that an output passes before it is published.');

export type OutputContract = z.infer<typeof outputContract>;

/** One check that was run, as recorded in the result. */
export const contractCheck = z
  .strictObject({
    name: z
      .enum([
        'opens',
        'streams',
        'duration',
        'frames',
        'packets',
        'decodes',
        'audio',
        'size',
        'loudness',
        'xpsnr',
        'ssim',
        'segments',
        'codecs',
      ])
      .describe('What was checked.'),
    ok: z.boolean().describe('Whether it passed.'),
    expected: z.string().max(80).optional().describe('What was expected.'),
    measured: z.string().max(80).optional().describe('What was measured.'),
  })
  .describe('One check of an output.');

export type ContractCheck = z.infer<typeof contractCheck>;
