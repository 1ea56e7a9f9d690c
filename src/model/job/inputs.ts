import { z } from 'zod';
import { bounds } from './bounds.ts';
import { type PvcSource, pvcSource, type S3Source, s3Source } from './bucket-refs.ts';
import { inputName, relativePath } from './primitives.ts';
import { exactlyOneOf, withRules } from './rule.ts';

const sources = ['url', 'file', 'asset', 's3', 'pvc'] as const;

/** A named input of a job, with exactly one source of its bytes. */
export const input = withRules(
  z
    .strictObject({
      name: inputName.describe('Name by which operations refer to this input.'),
      url: z
        .string()
        .min(1)
        .max(bounds.url)
        .regex(/^https?:\/\//, 'must be an http or https URL')
        .optional()
        .describe('An http or https URL.'),
      file: relativePath.optional().describe('A path under the media root of the worker.'),
      asset: z
        .string()
        .min(1)
        .max(255)
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be the name of an uploaded file')
        .optional()
        .describe('The name of an asset: a file that was uploaded to or rendered by this installation.'),
      s3: s3Source.optional(),
      pvc: pvcSource.optional(),
    })
    .describe('A named input: exactly one of url, file, asset, s3 and pvc.'),
  [exactlyOneOf(sources)],
);

export type Input = z.infer<typeof input>;

/** An input with its source as a tag, instead of one optional member per source. */
export type TaggedInput = { readonly name: string } & (
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'file'; readonly file: string }
  | { readonly type: 'asset'; readonly asset: string }
  | { readonly type: 's3'; readonly s3: S3Source }
  | { readonly type: 'pvc'; readonly pvc: PvcSource }
);

/** The input with the one source that is set. Throws a TypeError for none, which the schema excludes. */
export function taggedInput({ name, url, file, asset, s3, pvc }: Input): TaggedInput {
  if (url !== undefined) return { name, type: 'url', url };
  if (file !== undefined) return { name, type: 'file', file };
  if (asset !== undefined) return { name, type: 'asset', asset };
  if (s3 !== undefined) return { name, type: 's3', s3 };
  if (pvc !== undefined) return { name, type: 'pvc', pvc };
  throw new TypeError(`Expected input ${name} with one of ${sources.join(', ')}, got an input without a source`);
}
