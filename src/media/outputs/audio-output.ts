import type { AudioCodec } from '../../model/job/output.ts';
import { chain, filter, type Pad } from '../filters/graph.ts';
import { loudnessFilters } from '../filters/loudness.ts';
import { audioBitrate, type OutputRequest } from '../planning/output-settings.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { layoutOf, mixChannels } from '../planning/source.ts';
import type { AudioState } from '../planning/timeline.ts';
import { containerName, takesAudio } from '../probe/containers.ts';

export type EncodedAudio = Exclude<AudioCodec, 'copy' | 'none'>;

/** FFmpeg's encoder of each codec. */
export const audioEncoders: Readonly<Record<EncodedAudio, string>> = {
  aac: 'aac',
  opus: 'libopus',
  flac: 'flac',
  mp3: 'libmp3lame',
};

/** Rates that every one of the encoders takes as they are. */
const commonRates = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

function isEncodedAudio(codec: string): codec is EncodedAudio {
  return Object.hasOwn(audioEncoders, codec);
}

/** The codec of encoded audio: the requested one, else that of the source where it can be encoded, else a common one. */
function audioCodecOf({ audio, audioPath, container }: OutputRequest, source: string): EncodedAudio {
  const { codec } = audio;
  if (codec !== undefined && isEncodedAudio(codec)) {
    if (takesAudio(container, codec)) return codec;
    throw planError(
      'SPEC_INVALID',
      `${audioPath}.codec`,
      `expected a codec for ${containerName(container)}, got ${codec}`,
    );
  }
  if (isEncodedAudio(source) && takesAudio(container, source)) return source;
  return container === 'webm' ? 'opus' : 'aac';
}

export interface FinishedAudio {
  readonly pad: Pad;
  readonly codec: EncodedAudio;
  readonly args: readonly string[];
  readonly loudness?: number;
}

/** Brings the audio to what an output asks for, with the arguments that encode it. */
export function finishAudio(builder: PlanBuilder, pad: Pad, state: AudioState, request: OutputRequest): FinishedAudio {
  const { audio, audioPath } = request;
  const codec = audioCodecOf(request, state.stream.codec);
  builder.needEncoder(audioEncoders[codec], `${audioPath}.codec`);
  const channels = audio.channels ?? (codec === 'mp3' ? Math.min(2, state.channels) : state.channels);
  if (codec === 'mp3' && channels > 2)
    throw planError('SPEC_INVALID', `${audioPath}.channels`, `expected 1 or 2 for mp3, got ${channels}`);
  const rate = sampleRateOf(codec, audio.sampleRate ?? state.sampleRate);
  const layout = layoutOf(channels);
  const mixed = chain(
    pad,
    ...mixChannels(state.channels, channels),
    filter('aformat', { sample_fmts: 'fltp', channel_layouts: layout }),
  );
  // Loudness depends on the number of channels, so it is measured and set after the mix.
  const loud =
    audio.loudness === undefined
      ? undefined
      : loudnessFilters(builder, mixed, { end: state.end, layout }, audio.loudness, {
          id: `output-${request.name}`,
          path: `${audioPath}.loudness`,
        });
  const loudness = loud === undefined && channels === state.channels ? state.loudness : loud?.target;
  if (loudness === undefined && builder.request.spec.output.contract?.loudnessTolerance !== undefined) {
    builder.note(
      `${audioPath}: the loudness is not checked: the audio is silent, or was changed after it was normalized.`,
    );
  }
  const pitched = chain(loud?.pad ?? mixed, filter('aresample', { sample_rate: rate }));
  return {
    pad: pitched,
    codec,
    ...(loudness !== undefined && { loudness }),
    args: [
      '-c:a',
      audioEncoders[codec],
      ...(codec === 'flac' ? [] : ['-b:a', String(audioBitrate(audio, channels))]),
      '-ar',
      String(rate),
    ],
  };
}

function sampleRateOf(codec: EncodedAudio, wanted: number): number {
  if (codec === 'opus') return 48_000;
  return commonRates.includes(wanted) ? wanted : 48_000;
}
