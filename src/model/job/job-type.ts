import { operationType } from './operations.ts';
import type { RenderJobSpec } from './render-job.ts';

/**
 * The type of a job in one word: its only operation (`trim`, `addAudio`), `transcode` without operations, `render` with
 * several.
 */
export function jobType(spec: Pick<RenderJobSpec, 'operations'>): string {
  const types = (spec.operations ?? []).map(operationType);
  const [first, ...more] = types;
  if (first === undefined) return 'transcode';
  return more.length === 0 ? first : 'render';
}
