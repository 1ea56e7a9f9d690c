import { omitUndefined } from '../../lib/omit-undefined.ts';
import type { EncoderBackend } from '../../model/status/result.ts';
import { type BackendChain, chooseBackend } from '../encoders/backend-chain.ts';
import type { Pad } from '../filters/graph.ts';
import { cpuVideoReason } from '../gpu/gpu-decode.ts';
import { commandLine, nullOutput } from '../outputs/command.ts';
import { playlistPath, publishedSet } from '../packaging/published-set.ts';
import { type SegmentedOutputs, segmentedOutputs, segmentedRequest } from '../packaging/segmented-outputs.ts';
import { precisionOf } from '../smart-cut/precision.ts';
import type { SmartVideo } from '../smart-cut/smart-steps.ts';
import type { Clip } from './clip.ts';
import { encodeSeconds } from './encode-time-estimate.ts';
import type { OutputRequest } from './output-settings.ts';
import { type OutputStreams, type SharedPads, smartCutOf, streamsOf } from './output-streams.ts';
import type { Analysis, Plan, PlannedOutput } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';
import { renderSteps, smartCutSteps } from './plan-steps.ts';
import { outputPath, plannedOutput } from './planned-output.ts';
import type { Timeline } from './timeline.ts';

/** The plan from the finished timeline: streams of every output, the backend, and the processes. */
export function assemble(
  builder: PlanBuilder,
  timeline: Timeline,
  requests: readonly OutputRequest[],
  first: Clip,
): Plan {
  const pads = sharedPads(builder, timeline);
  const outputs = (onlyThumbnails(builder) ? [] : requests).map((request) =>
    streamsOf({ builder, timeline, request: segmentedRequest(builder, timeline, request), pads }),
  );
  const segmented = segmentedOutputs(builder, timeline, outputs, (output) => outputPath(builder, output));
  const written = segmented?.written ?? outputs;
  const smart = written.map(({ video }) => smartCutOf(video)).find((candidate) => candidate !== undefined);
  const backends = backendsOf(builder, timeline, written, smart);
  const source = { builder, timeline, outputs: written, first };
  const steps =
    smart === undefined ? renderSteps({ ...source, backends }) : smartCutSteps({ ...source, backends, smart });
  const precision = precisionOf(builder, written[0]?.video);
  const { files, notes } = builder;
  const nothingEncoded: EncoderBackend =
    builder.auxiliaryOutputs.length > 0 && outputs.length === 0 ? 'software' : 'copy';
  return omitUndefined({
    backend: backends?.backend ?? nothingEncoded,
    device: backends?.device?.node,
    fallbacks: backends?.fallbacks ?? [],
    analyses: builder.pending.slice(0, 1).map(analysisOf),
    files,
    steps,
    outputs: [
      ...plannedOutputs(builder, timeline, written, segmented),
      ...builder.auxiliaryOutputs.map(({ output }) => output),
      ...builder.texts,
    ],
    precision,
    stream: segmented?.plan,
    duration: timeline.duration,
    estimate: { seconds: encodeSeconds(builder, timeline, outputs, backends?.backend ?? 'copy') },
    notes,
  });
}

/** Whether the job asks for thumbnails only: it sets nothing of the output, and no operation needs one. */
function onlyThumbnails({ request: { spec } }: PlanBuilder): boolean {
  const { container, video, audio, renditions } = spec.output;
  const hasOutput = container !== undefined || video !== undefined || audio !== undefined || renditions !== undefined;
  return !hasOutput && spec.operations.length > 0 && spec.operations.every(({ thumbnail }) => thumbnail !== undefined);
}

function sharedPads(builder: PlanBuilder, timeline: Timeline): SharedPads {
  let video: Pad | undefined;
  let audio: Pad | undefined;
  return {
    audioParts: new Map(),
    video: () => (video ??= builder.video(timeline, 'spec.output.video').pad),
    audio: () => {
      if (timeline.audio === undefined) throw new TypeError('Expected a timeline with audio, got one without');
      return (audio ??= builder.audioOf(timeline, timeline.audio));
    },
  };
}

const endsInMemory = 'the frames at the ends of a smart cut are selected in main memory';

/** The encoder backend for all outputs; `undefined` when nothing is encoded. */
function backendsOf(
  { request: { spec, capabilities } }: PlanBuilder,
  timeline: Timeline,
  outputs: readonly OutputStreams[],
  smart: SmartVideo | undefined,
): BackendChain | undefined {
  const encoded = outputs.flatMap(({ video }) => (video.how === 'encode' ? [video.target] : []));
  const targets = [...encoded, ...(smart?.target === undefined ? [] : [smart.target])];
  if (targets.length === 0) return undefined;
  return chooseBackend(spec.acceleration, capabilities, targets, smart ? endsInMemory : cpuVideoReason(timeline));
}

/** A later measurement depends on what an earlier one changes, so one is requested at a time. */
function analysisOf({ pad, ...analysis }: PlanBuilder['pending'][number]): Analysis {
  // loudnorm prints its figures at the level of information; the later `-v` overrides that of the process contract.
  const argv = commandLine([{ streams: [pad], args: ['-v', 'info', '-f', 'null'], path: nullOutput }]);
  return { ...analysis, argv };
}

function plannedOutputs(
  builder: PlanBuilder,
  timeline: Timeline,
  outputs: readonly OutputStreams[],
  segmented: SegmentedOutputs | undefined,
): PlannedOutput[] {
  const files = outputs.map((output, index) => {
    const track = segmented?.plan.tracks[index];
    const path = segmented && track ? playlistPath(segmented.plan, track.id) : outputPath(builder, output);
    return plannedOutput(builder, timeline, output, path);
  });
  return segmented === undefined ? files : publishedSet(segmented.plan, files);
}
