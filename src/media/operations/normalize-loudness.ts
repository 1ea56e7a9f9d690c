import type { OperationParameters } from '../../model/job/operations.ts';
import { loudnessFilters } from '../filters/loudness.ts';
import type { Site } from '../planning/plan-builder.ts';
import { resound, type Timeline } from '../planning/timeline.ts';

/** Brings the sound, as it is at this point, to a target loudness. */
export function normalizeLoudness(
  timeline: Timeline,
  target: OperationParameters['normalizeLoudness'],
  { draft, path, index }: Site,
): Timeline {
  const { audio } = timeline;
  if (audio === undefined) {
    draft.note(`${path}: there is no sound to bring to a loudness.`);
    return timeline;
  }
  draft.place(
    'normalizeLoudness',
    'cpu',
    'the sound is measured first and then brought to the target; the picture is not touched',
  );
  const { pad, target: reached } = loudnessFilters(draft, draft.soundOf(timeline, audio), audio, target, {
    id: `operation-${index}`,
    path,
  });
  const loudness = reached === undefined ? {} : { loudness: reached };
  return { ...timeline, audio: resound(audio, pad, 'normalizeLoudness', { sampleRate: 48_000, ...loudness }) };
}
