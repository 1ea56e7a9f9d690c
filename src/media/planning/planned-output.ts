import { omitUndefined } from '../../lib/omit-undefined.ts';
import { extensionOf, mediaTypeOf } from '../probe/containers.ts';
import { qualityComparison } from '../verify/quality-comparison.ts';
import { fileName } from './output-settings.ts';
import { type AudioPart, copyTolerance, type OutputStreams, smartCutOf, type VideoPart } from './output-streams.ts';
import type { PlannedOutput } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';
import type { Timeline } from './timeline.ts';

/** The local file that a step writes for an output. */
export function outputPath(builder: PlanBuilder, { request, video }: OutputStreams): string {
  return `${builder.request.scratchDir}/${fileName(request.name, request.container, video.how !== 'none')}`;
}

/** A file of the plan with what the output contract expects of it. */
export function plannedOutput(
  builder: PlanBuilder,
  timeline: Timeline,
  output: OutputStreams,
  path: string,
): PlannedOutput {
  const { request, video, audio } = output;
  const hasVideo = video.how !== 'none';
  return omitUndefined({
    name: request.name,
    kind: hasVideo ? ('video' as const) : ('audio' as const),
    path,
    extension: extensionOf(request.container, hasVideo),
    mediaType: mediaTypeOf(request.container, hasVideo),
    expect: omitUndefined({
      duration: expectedSeconds(timeline, output),
      video: hasVideo,
      audio: audio.how !== 'none',
      ...expectedVideo(video),
      audioCodec: audioCodecName(audio),
      tolerance: toleranceOf(timeline, output),
      loudness: audio.how === 'encode' ? audio.finished.loudness : undefined,
    }),
    contract: builder.request.spec.output.contract ?? {},
    comparison: qualityComparison(builder, video, request, path),
  });
}

export function audioCodecName(audio: AudioPart): string | undefined {
  switch (audio.how) {
    case 'none':
      return undefined;
    case 'copy':
      return audio.codec;
    case 'encode':
      return audio.finished.codec;
  }
}

type ExpectedVideo = Pick<PlannedOutput['expect'], 'width' | 'height' | 'frames' | 'videoCodec'>;

function expectedVideo(video: VideoPart): ExpectedVideo {
  switch (video.how) {
    case 'none':
      return {};
    case 'copy': {
      const { width, height, codec } = video.video.stream;
      return omitUndefined({ width, height, frames: video.smart?.video.frames, videoCodec: codec });
    }
    case 'encode': {
      const { width, height, codec } = video.target;
      return omitUndefined({ width, height, frames: video.frames, videoCodec: codec });
    }
  }
}

/** Seconds that an output with a copied stream may differ; `undefined` for an exact one. */
function toleranceOf({ clip, video: state }: Timeline, { video, audio }: OutputStreams): number | undefined {
  const copied = video.how === 'copy' || audio.how === 'copy';
  // A smart cut is as exact as an encode, unless its audio is copied as well.
  const exact = smartCutOf(video) !== undefined && audio.how !== 'copy';
  return copied && !exact && clip !== undefined ? copyTolerance(clip, state) : undefined;
}

/** The longest stream that is kept counts, as it does in the file. */
function expectedSeconds({ duration, video, audio }: Timeline, output: OutputStreams): number {
  const ends = [
    output.video.how === 'none' ? 0 : (video?.end ?? 0),
    output.audio.how === 'none' ? 0 : (audio?.end ?? 0),
  ];
  const longest = Math.max(...ends);
  return longest > 0 ? Math.min(longest, Math.max(duration, ...ends)) : duration;
}
