import { CodedError } from '../../errors/coded-error.ts';
import type { ApiServices } from '../services.ts';

const note =
  'Planned by the API, which has no GPU: the node that renders finds out for itself what it can do, and may take steps on its GPU that are software here.';
const noteOnRequired =
  'The job requires a GPU: it waits for a node that has one, and is never rendered in software as it is shown here.';

/**
 * Dry runs in a cluster. The machine of the API is not the one that renders: the plan says so, and does not fail for want
 * of a GPU that nobody expects here. Without FFmpeg it is refused with `UNSUPPORTED`, and with what is missing.
 */
export function clusterPlan(plan: ApiServices['plan']): ApiServices['plan'] {
  return async (spec) => {
    const required = spec.acceleration === 'Required';
    try {
      const drawn = await plan(required ? { ...spec, acceleration: 'Preferred' } : spec);
      return { ...drawn, notes: [note, ...(required ? [noteOnRequired] : []), ...drawn.notes] };
    } catch (error) {
      if (!(error instanceof CodedError) || !isMissingProgram(error)) throw error;
      throw new CodedError('UNSUPPORTED', `A dry run needs ffmpeg and ffprobe beside the API: ${error.message}`, {
        remedy:
          'Send the job itself: its workers have both. For dry runs, run the API from an image with FFmpeg, or name the programs by FRAMEWRIGHT_FFMPEG and FRAMEWRIGHT_FFPROBE.',
        cause: error,
      });
    }
  };
}

function isMissingProgram({ code, cause }: CodedError): boolean {
  return code === 'CAPABILITY_MISSING' && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
