import { CodedError } from '../../errors/coded-error.ts';
import type { ApiServices } from '../services.ts';

const note =
  'Planned by the API, which has no GPU: the node that renders detects its own capabilities, and may run steps on its GPU that are software here.';
const noteOnRequired =
  'The job requires a GPU: it waits for a node that has one, and is never rendered in software as shown here.';

/**
 * Dry runs in a cluster. The machine of the API is not the one that renders, so the plan has a note about that and does
 * not fail when the API has no GPU. Without FFmpeg it fails with `UNSUPPORTED` and the missing program.
 */
export function clusterPlan(plan: ApiServices['plan']): ApiServices['plan'] {
  return async (spec) => {
    const isRequired = spec.acceleration === 'Required';
    try {
      const planned = await plan(isRequired ? { ...spec, acceleration: 'Preferred' } : spec);
      return { ...planned, notes: [note, ...(isRequired ? [noteOnRequired] : []), ...planned.notes] };
    } catch (error) {
      if (!(error instanceof CodedError) || !isMissingProgram(error)) throw error;
      throw new CodedError('UNSUPPORTED', `A dry run needs ffmpeg and ffprobe beside the API: ${error.message}`, {
        remedy:
          'Create the job itself: its workers have both. For dry runs, run the API from an image with FFmpeg, or set FRAMEWRIGHT_FFMPEG and FRAMEWRIGHT_FFPROBE to the programs.',
        cause: error,
      });
    }
  };
}

function isMissingProgram({ code, cause }: CodedError): boolean {
  return code === 'CAPABILITY_MISSING' && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
