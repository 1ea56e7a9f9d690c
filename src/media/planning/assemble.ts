import { type BackendChain, chooseBackend } from '../encoders/backend-chain.ts';
import { type BackendEncoder, encoderFor } from '../encoders/backend-encoder.ts';
import { hasTwoPasses, softwareEncoders } from '../encoders/software.ts';
import { needsTag, type Preset, type VideoTarget } from '../encoders/video-target.ts';
import type { Pad } from '../filters/graph.ts';
import { cpuVideoReason } from '../gpu/gpu-decode.ts';
import { type CommandOutput, commandLine, nullOutput } from '../outputs/command.ts';
import { finishVideo } from '../outputs/video-output.ts';
import { playlistPath, publishedSet } from '../packaging/published-set.ts';
import { segmentedOutputs, segmentedRequest } from '../packaging/segmented-outputs.ts';
import { extensionOf, mediaTypeOf, muxArguments } from '../probe/containers.ts';
import { precisionOf } from '../smart-cut/precision.ts';
import { readFrom } from '../smart-cut/reencoded-ends.ts';
import { joinOf, piecesStep, type SmartVideo } from '../smart-cut/smart-steps.ts';
import { hasFloor, qualityComparison } from '../verify/quality-comparison.ts';
import type { Clip } from './clip.ts';
import { encodeSeconds } from './encode-time-estimate.ts';
import { fileName, type OutputRequest } from './output-settings.ts';
import {
  type AudioPart,
  copyTolerance,
  type OutputStreams,
  type SharedPads,
  streamsOf,
  type VideoPart,
} from './output-streams.ts';
import { placementsOf } from './placements.ts';
import type { Analysis, Placement, Plan, PlannedOutput, PlanStep } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';
import type { Timeline } from './timeline.ts';

/** The plan from the finished timeline: streams of every output, the backend, and the processes. */
export function assemble(
  builder: PlanBuilder,
  timeline: Timeline,
  requests: readonly OutputRequest[],
  first: Clip,
): Plan {
  const wanted = onlyVideo(builder) ? [] : requests;
  const pads = sharedPads(builder, timeline);
  const outputs = wanted.map((request) =>
    streamsOf(builder, timeline, segmentedRequest(builder, timeline, request), pads),
  );
  const segmented = segmentedOutputs(builder, timeline, outputs, (output) => outputPath(builder, output));
  const written = segmented?.written ?? outputs;
  const smart = written.map(({ video }) => smartOf(video)).find((picture) => picture !== undefined);
  const edges = smart?.target === undefined ? [] : [smart.target];
  const targets = [...written.flatMap(({ video }) => (video.how === 'encode' ? [video.target] : [])), ...edges];
  const { spec, capabilities } = builder.request;
  const backends =
    targets.length === 0
      ? undefined
      : chooseBackend(spec.acceleration, capabilities, targets, smart ? edgesInMemory : cpuVideoReason(timeline));
  const steps =
    smart === undefined
      ? stepsOf(builder, timeline, written, backends, first)
      : smartSteps(builder, smart, backends, stepsOf(builder, timeline, written, undefined, first));
  const precision = precisionOf(builder, written[0]?.video);
  const files = written.map((output, index) => {
    const track = segmented?.plan.tracks[index];
    const path = segmented && track ? playlistPath(segmented.plan, track.id) : outputPath(builder, output);
    return plannedOutput(builder, timeline, output, path);
  });
  const planned = [
    ...(segmented === undefined ? files : publishedSet(segmented.plan, files)),
    ...builder.auxiliaryOutputs.map(({ output }) => output),
    ...builder.texts,
  ];
  return {
    backend: backends?.backend ?? (builder.auxiliaryOutputs.length > 0 && outputs.length === 0 ? 'software' : 'copy'),
    ...(backends?.device !== undefined && { device: backends.device.node }),
    fallbacks: backends?.fallbacks ?? [],
    analyses: builder.pending.slice(0, 1).map(analysisOf),
    files: builder.files,
    steps,
    outputs: planned,
    ...(precision !== undefined && { precision }),
    ...(segmented !== undefined && { stream: segmented.plan }),
    duration: timeline.duration,
    estimate: { seconds: encodeSeconds(builder, timeline, outputs, backends?.backend ?? 'copy') },
    notes: builder.notes,
  };
}

/** Whether nothing but thumbnails is asked for: no word about an output, and no operation that would need one. */
function onlyVideo({ request: { spec } }: PlanBuilder): boolean {
  const { container, video, audio, renditions } = spec.output;
  const said = container !== undefined || video !== undefined || audio !== undefined || renditions !== undefined;
  return !said && spec.operations.length > 0 && spec.operations.every(({ thumbnail }) => thumbnail !== undefined);
}

function sharedPads(builder: PlanBuilder, timeline: Timeline): SharedPads {
  let video: Pad | undefined;
  let audio: Pad | undefined;
  return {
    sounds: new Map(),
    video: () => (video ??= builder.video(timeline, 'spec.output.video').pad),
    audio: () => {
      if (timeline.audio === undefined) throw new TypeError('Expected sound on the timeline, got none');
      return (audio ??= builder.audioOf(timeline, timeline.audio));
    },
  };
}

/** A later measurement depends on what an earlier one has changed, so they are asked for one by one. */
function analysisOf({ pad, ...analysis }: PlanBuilder['pending'][number]): Analysis {
  // loudnorm prints its figures at the level of information; the later `-v` wins over that of the process contract.
  const argv = commandLine([{ streams: [pad], args: ['-v', 'info', '-f', 'null'], path: nullOutput }]);
  return { ...analysis, argv };
}

function stepsOf(
  builder: PlanBuilder,
  timeline: Timeline,
  outputs: readonly OutputStreams[],
  backends: BackendChain | undefined,
  first: Clip,
): PlanStep[] {
  const twice = backends?.backend === 'software' ? outputs.filter(needsTwoPasses) : [];
  const encoder = backends && encoderFor(backends, presetOf(outputs), builder.request.capabilities, hasFloor(builder));
  const main = commandLine(
    [
      ...outputs.map((output) => commandOutput(builder, timeline, output, encoder, first)),
      ...builder.auxiliaryOutputs.map(({ pad, args, output }) => ({
        streams: [encoder?.toMemory(pad) ?? pad],
        args: [...args],
        path: output.path,
      })),
    ],
    encoder?.globals,
  );
  const step = (name: string, argv: readonly string[], weight: number): PlanStep => ({
    name,
    argv,
    expectedSeconds: timeline.duration,
    weight,
    placements: name === 'pass 1' ? firstPassPlacements : placementsOf(builder, outputs, backends, encoder?.cpuWork()),
  });
  if (twice.length === 0) return [step('render', main, 1)];
  const analysis = commandLine(twice.map((output) => firstPass(builder, output, encoder)));
  return [step('pass 1', analysis, 0.4), step('pass 2', main, 0.6)];
}

const edgesInMemory = 'the pictures at the ends of a cut are picked in main memory';

/** The pieces first; then what would be done with a copy is done with the stream that they are joined to. */
function smartSteps(
  builder: PlanBuilder,
  smart: SmartVideo,
  backends: BackendChain | undefined,
  steps: readonly PlanStep[],
): PlanStep[] {
  const encoder =
    backends &&
    encoderFor(backends, smart.target?.preset ?? 'balanced', builder.request.capabilities, hasFloor(builder));
  const [first, ...others] = steps;
  if (first === undefined) return [];
  return [piecesStep(smart, encoder), { ...first, weight: 0.5, join: joinOf(smart) }, ...others];
}

const firstPassPlacements: readonly Placement[] = [
  {
    what: 'encode',
    runsOn: 'cpu',
    why: 'the size of the file is given, so a first pass measures where bits are needed',
  },
];

function needsTwoPasses({ video }: OutputStreams): boolean {
  return (
    video.how === 'encode' &&
    video.target.rate.kind === 'bitrate' &&
    video.target.rate.pass !== undefined &&
    hasTwoPasses(video.target.codec)
  );
}

function withPass(target: VideoTarget, number: 1 | 2 | undefined): VideoTarget {
  if (target.rate.kind !== 'bitrate') return target;
  const { pass, ...rate } = target.rate;
  return {
    ...target,
    rate: number === undefined || pass === undefined ? rate : { ...rate, pass: { ...pass, number } },
  };
}

function firstPass(
  builder: PlanBuilder,
  { video, request }: OutputStreams,
  encoder: BackendEncoder | undefined,
): CommandOutput {
  if (video.how !== 'encode' || encoder === undefined) throw new TypeError('Expected a picture to encode, got none');
  const target = withPass(video.target, 1);
  const pad = finishVideo(builder, video.pad, video.video, target, request);
  return {
    streams: [pad],
    args: [...encoder.encode(pad, target).args, '-f', 'null'],
    path: nullOutput,
  };
}

function commandOutput(
  builder: PlanBuilder,
  timeline: Timeline,
  output: OutputStreams,
  encoder: BackendEncoder | undefined,
  first: Clip,
): CommandOutput {
  const { request, video, audio, text } = output;
  const streams: CommandOutput['streams'][number][] = [];
  const args: string[] = [];
  if (video.how === 'copy') {
    streams.push(video.stream);
    args.push('-c:v', 'copy', ...(isSought(video) ? ['-copypriorss', '0'] : []));
    if (needsTag(video.video.stream.codec, request.container)) args.push('-tag:v', 'hvc1');
  } else if (video.how === 'encode' && encoder !== undefined) {
    if (encoder.backend === 'software')
      builder.needEncoder(softwareEncoders[video.target.codec], `${request.videoPath}.codec`);
    const target = withPass(video.target, encoder.backend === 'software' && needsTwoPasses(output) ? 2 : undefined);
    const encoded = encoder.encode(finishVideo(builder, video.pad, video.video, target, request), target);
    streams.push(encoded.pad);
    args.push(...encoded.args);
    if (encoded.note !== undefined) builder.note(encoded.note);
  }
  if (audio.how === 'copy') {
    streams.push(...audio.streams);
    args.push('-c:a', 'copy');
    if (!isSought(video) && timeline.clip?.window !== undefined) args.push('-copypriorss', '0');
  } else if (audio.how === 'encode') {
    streams.push(audio.finished.pad);
    args.push(...audio.finished.args);
    const { language } = audio.audio.stream;
    if (language !== undefined) args.push('-metadata:s:a:0', `language=${language}`);
  }
  streams.push(...text.streams);
  args.push(...text.args, ...muxArguments(request.container, audioCodecName(audio)));
  return {
    streams,
    args,
    metadataFrom: first,
    ...(smartOf(video) !== undefined && { metadataInput: readFrom(first, 0, undefined) }),
    chapters: request.container !== 'cmaf' && !timeline.retimed && timeline.clip === first,
    path: outputPath(builder, output),
  };
}

/** Whether a copied picture is read from a moment of its file on. */
function isSought(video: VideoPart): boolean {
  return video.how === 'copy' && video.smart === undefined && video.clip.window !== undefined;
}

function smartOf(video: VideoPart): SmartVideo | undefined {
  return video.how === 'copy' ? video.smart : undefined;
}

/** Preset of the decoder's surface pool: the one with the longest look-ahead. */
function presetOf(outputs: readonly OutputStreams[]): Preset {
  const presets = outputs.flatMap(({ video }) => (video.how === 'encode' ? [video.target.preset] : []));
  return presets.find((preset) => preset !== 'performance') ?? 'performance';
}

function outputPath(builder: PlanBuilder, { request, video }: OutputStreams): string {
  return `${builder.request.scratchDir}/${fileName(request.name, request.container, video.how !== 'none')}`;
}

function plannedOutput(builder: PlanBuilder, timeline: Timeline, output: OutputStreams, path: string): PlannedOutput {
  const { request, video, audio } = output;
  const hasVideo = video.how !== 'none';
  const copied = (video.how === 'copy' || audio.how === 'copy') && timeline.clip !== undefined;
  // A cut by copying is as exact as one by encoding, unless its sound was to be copied as well.
  const exact = smartOf(video) !== undefined && audio.how !== 'copy';
  const frames = video.how === 'encode' ? video.frames : smartOf(video)?.video.frames;
  const stream = video.how === 'copy' ? video.video.stream : undefined;
  const size = video.how === 'encode' ? video.target : stream;
  const audioCodec = audioCodecName(audio);
  const videoCodec = video.how === 'encode' ? video.target.codec : stream?.codec;
  const loudness = audio.how === 'encode' ? audio.finished.loudness : undefined;
  const comparison = qualityComparison(builder, video, request, path);
  return {
    name: request.name,
    kind: hasVideo ? 'video' : 'audio',
    path,
    extension: extensionOf(request.container, hasVideo),
    mediaType: mediaTypeOf(request.container, hasVideo),
    expect: {
      duration: expectedSeconds(timeline, output),
      video: hasVideo,
      audio: audio.how !== 'none',
      ...(size !== undefined && { width: size.width, height: size.height }),
      ...(frames !== undefined && { frames }),
      ...(videoCodec !== undefined && { videoCodec }),
      ...(audioCodec !== undefined && { audioCodec }),
      ...(copied &&
        !exact &&
        timeline.clip !== undefined && { tolerance: copyTolerance(timeline.clip, timeline.video) }),
      ...(loudness !== undefined && { loudness }),
    },
    contract: builder.request.spec.output.contract ?? {},
    ...(comparison !== undefined && { comparison }),
  };
}

function audioCodecName(audio: AudioPart): string | undefined {
  if (audio.how === 'none') return undefined;
  return audio.how === 'encode' ? audio.finished.codec : audio.codec;
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
