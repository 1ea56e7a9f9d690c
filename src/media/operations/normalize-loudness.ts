import type { OperationParameters } from '../../model/job/operations.ts';
import { loudnessFilters } from '../filters/loudness.ts';
import type { OperationContext } from '../planning/plan-builder.ts';
import { type Timeline, withAudio } from '../planning/timeline.ts';

/** Brings the audio, as it is at this point, to a target loudness. */
export function normalizeLoudness(
  timeline: Timeline,
  target: OperationParameters['normalizeLoudness'],
  { builder, path, index }: OperationContext,
): Timeline {
  const { audio } = timeline;
  if (audio === undefined) {
    builder.note(`${path}: there is no audio to normalize.`);
    return timeline;
  }
  builder.addPlacement(
    'normalizeLoudness',
    'cpu',
    'the audio is measured first and then brought to the target; the video is not changed',
  );
  const { pad, target: reached } = loudnessFilters(builder, builder.audioOf(timeline, audio), audio, target, {
    id: `operation-${index}`,
    path,
  });
  const loudness = reached === undefined ? {} : { loudness: reached };
  return { ...timeline, audio: withAudio(audio, pad, 'normalizeLoudness', { sampleRate: 48_000, ...loudness }) };
}
