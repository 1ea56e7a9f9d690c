import { operationType } from './operations.ts';
import type { RenderJobSpec } from './render-job.ts';

/**
 * The kind of a job in one word: its operation where there is one (`trim`, `addAudio`), `transcode` where there is none,
 * `render` for several.
 */
export function jobType(spec: Pick<RenderJobSpec, 'operations'>): string {
  const types = (spec.operations ?? []).map(operationType);
  const [first, ...more] = types;
  if (first === undefined) return 'transcode';
  return more.length === 0 ? first : 'render';
}
