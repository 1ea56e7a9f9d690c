import type { OperationParameters } from '../../model/job/operations.ts';
import { mix } from '../filters/audio-pieces.ts';
import { chain, type Filter, filter, type Pad } from '../filters/graph.ts';
import { missingStreamError, type OperationContext } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { audioPad, hasAudio, timelineOf } from '../planning/source.ts';
import { type AudioState, type Timeline, withAudio } from '../planning/timeline.ts';

type Parameters = OperationParameters['addAudio'];

/** Adds the audio of an input: mixed with the present audio, or instead of it. The video is not changed. */
export function addAudio(timeline: Timeline, parameters: Parameters, context: OperationContext): Timeline {
  const { builder, path } = context;
  const { input, mode = 'mix', offset = 0, loop = false } = parameters;
  const { duration, audio: present } = timeline;
  if (offset >= duration) {
    throw planError(
      'SPEC_INVALID',
      `${path}.offset`,
      `expected a moment before the end at ${duration.toFixed(3)} s, got ${offset} s`,
    );
  }
  const once = builder.clip(input, `${path}.input`);
  if (!hasAudio(once.probe)) throw missingStreamError('audio', `${path}.input`);
  const clip = loop ? builder.clipOf(once.probe, once.path, ['-stream_loop', '-1']) : once;
  const source = timelineOf(clip);
  if (source.audio === undefined) throw missingStreamError('audio', `${path}.input`);

  const mixed = mode === 'mix' && present !== undefined;
  // The sample rate of the audio that stays; without one, that of the added audio.
  const format = mixed ? present : source.audio;
  const room = duration - offset;
  const length = loop ? room : Math.min(source.audio.end, room);
  const added = placed(
    audioPad(clip, {
      ...source.audio,
      sampleRate: format.sampleRate,
      channels: format.channels,
      layout: format.layout,
    }),
    parameters,
    format.sampleRate,
    length,
  );
  const end = filter('atrim', { end_sample: Math.round(duration * format.sampleRate) });
  builder.addPlacement(
    'addAudio',
    'cpu',
    mixed
      ? 'two audio streams are mixed sample by sample; the video is not changed'
      : 'the added audio is encoded; the video is not changed',
  );
  if (!mixed) {
    const pad = chain(added, filter('apad', { whole_len: Math.round(duration * format.sampleRate) }), end);
    return {
      ...timeline,
      audio: withAudio(source.audio, pad, 'addAudio', { end: duration, channels: format.channels }),
    };
  }
  // Both are filled up to the end of the timeline, or the shorter one would end the mix.
  const fill = filter('apad', { whole_len: Math.round(duration * format.sampleRate) });
  const sum = chain(mix(chain(builder.audioOf(timeline, present), fill, end), chain(added, fill, end), format), end);
  return { ...timeline, audio: withAudio(present, sum, 'addAudio', { end: duration }) };
}

/** The added audio with its gain and fades, `length` seconds of it, delayed to its offset. */
function placed(
  pad: Pad,
  { volume = 1, offset = 0, fadeIn = 0, fadeOut = 0 }: Parameters,
  sampleRate: AudioState['sampleRate'],
  length: number,
): Pad {
  const samples = (seconds: number): number => Math.round(seconds * sampleRate);
  return chain(
    pad,
    filter('atrim', { end_sample: samples(length) }),
    ...(volume === 1 ? [] : [filter('volume', { volume })]),
    ...(fadeIn > 0
      ? [filter('afade', { type: 'in', start_sample: 0, nb_samples: samples(Math.min(fadeIn, length)) })]
      : []),
    ...(fadeOut > 0 ? [fadeToEnd(samples(length), samples(Math.min(fadeOut, length)))] : []),
    ...(offset > 0 ? [filter('adelay', { delays: `${samples(offset)}S`, all: 1 })] : []),
  );
}

function fadeToEnd(total: number, length: number): Filter {
  return filter('afade', { type: 'out', start_sample: total - length, nb_samples: length });
}
