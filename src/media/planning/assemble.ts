import { chooseRung, type Ladder } from '../encoders/backend-chain.ts';
import { encoderFor, type RungEncoder } from '../encoders/backend-encoder.ts';
import { hasTwoPasses, softwareEncoders } from '../encoders/software.ts';
import { needsTag, type Preset, type VideoTarget } from '../encoders/video-target.ts';
import type { Pad } from '../filters/graph.ts';
import { cpuPicture } from '../gpu/gpu-video.ts';
import { type CommandOutput, commandLine, nullOutput } from '../outputs/command.ts';
import { finishPicture } from '../outputs/video-output.ts';
import { playlistPath, publishedSet } from '../packaging/published-set.ts';
import { segmentedOutputs, segmentedRequest } from '../packaging/segmented-outputs.ts';
import { extensionOf, mediaTypeOf, muxArguments } from '../probe/containers.ts';
import { precisionOf } from '../smart-cut/precision.ts';
import { readFrom } from '../smart-cut/reencoded-ends.ts';
import { joinOf, piecesStep, type SmartPicture } from '../smart-cut/smart-steps.ts';
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
import type { Draft } from './plan-builder.ts';
import type { Timeline } from './timeline.ts';

/** The plan from the finished timeline: streams of every output, the rung, and the processes. */
export function assemble(draft: Draft, timeline: Timeline, requests: readonly OutputRequest[], first: Clip): Plan {
  const wanted = onlyPictures(draft) ? [] : requests;
  const pads = sharedPads(draft, timeline);
  const outputs = wanted.map((request) => streamsOf(draft, timeline, segmentedRequest(draft, timeline, request), pads));
  const segmented = segmentedOutputs(draft, timeline, outputs, (output) => outputPath(draft, output));
  const written = segmented?.written ?? outputs;
  const smart = written.map(({ video }) => smartOf(video)).find((picture) => picture !== undefined);
  const edges = smart?.target === undefined ? [] : [smart.target];
  const targets = [...written.flatMap(({ video }) => (video.how === 'encode' ? [video.target] : [])), ...edges];
  const { spec, capabilities } = draft.request;
  const ladder =
    targets.length === 0
      ? undefined
      : chooseRung(spec.acceleration, capabilities, targets, smart ? edgesInMemory : cpuPicture(timeline));
  const steps =
    smart === undefined
      ? stepsOf(draft, timeline, written, ladder, first)
      : smartSteps(draft, smart, ladder, stepsOf(draft, timeline, written, undefined, first));
  const precision = precisionOf(draft, written[0]?.video);
  const files = written.map((output, index) => {
    const track = segmented?.plan.tracks[index];
    const path = segmented && track ? playlistPath(segmented.plan, track.id) : outputPath(draft, output);
    return plannedOutput(draft, timeline, output, path);
  });
  const planned = [
    ...(segmented === undefined ? files : publishedSet(segmented.plan, files)),
    ...draft.sides.map(({ output }) => output),
    ...draft.texts,
  ];
  return {
    rung: ladder?.rung ?? (draft.sides.length > 0 && outputs.length === 0 ? 'software' : 'copy'),
    ...(ladder?.device !== undefined && { device: ladder.device.node }),
    stepsDown: ladder?.stepsDown ?? [],
    analyses: draft.pending.slice(0, 1).map(analysisOf),
    files: draft.files,
    steps,
    outputs: planned,
    ...(precision !== undefined && { precision }),
    ...(segmented !== undefined && { stream: segmented.plan }),
    duration: timeline.duration,
    estimate: { seconds: encodeSeconds(draft, timeline, outputs, ladder?.rung ?? 'copy') },
    notes: draft.notes,
  };
}

/** Whether nothing but thumbnails is asked for: no word about an output, and no operation that would need one. */
function onlyPictures({ request: { spec } }: Draft): boolean {
  const { container, video, audio, renditions } = spec.output;
  const said = container !== undefined || video !== undefined || audio !== undefined || renditions !== undefined;
  return !said && spec.operations.length > 0 && spec.operations.every(({ thumbnail }) => thumbnail !== undefined);
}

function sharedPads(draft: Draft, timeline: Timeline): SharedPads {
  let video: Pad | undefined;
  let audio: Pad | undefined;
  return {
    sounds: new Map(),
    video: () => (video ??= draft.picture(timeline, 'spec.output.video').pad),
    audio: () => {
      if (timeline.audio === undefined) throw new TypeError('Expected sound on the timeline, got none');
      return (audio ??= draft.soundOf(timeline, timeline.audio));
    },
  };
}

/** A later measurement depends on what an earlier one has changed, so they are asked for one by one. */
function analysisOf({ pad, ...analysis }: Draft['pending'][number]): Analysis {
  // loudnorm prints its figures at the level of information; the later `-v` wins over that of the process contract.
  const argv = commandLine([{ streams: [pad], args: ['-v', 'info', '-f', 'null'], path: nullOutput }]);
  return { ...analysis, argv };
}

function stepsOf(
  draft: Draft,
  timeline: Timeline,
  outputs: readonly OutputStreams[],
  ladder: Ladder | undefined,
  first: Clip,
): PlanStep[] {
  const twice = ladder?.rung === 'software' ? outputs.filter(needsTwoPasses) : [];
  const encoder = ladder && encoderFor(ladder, presetOf(outputs), draft.request.capabilities, hasFloor(draft));
  const main = commandLine(
    [
      ...outputs.map((output) => commandOutput(draft, timeline, output, encoder, first)),
      ...draft.sides.map(({ pad, args, output }) => ({
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
    placements: name === 'pass 1' ? firstPassPlacements : placementsOf(draft, outputs, ladder, encoder?.cpuWork()),
  });
  if (twice.length === 0) return [step('render', main, 1)];
  const analysis = commandLine(twice.map((output) => firstPass(draft, output, encoder)));
  return [step('pass 1', analysis, 0.4), step('pass 2', main, 0.6)];
}

const edgesInMemory = 'the pictures at the ends of a cut are picked in main memory';

/** The pieces first; then what would be done with a copy is done with the stream that they are joined to. */
function smartSteps(
  draft: Draft,
  smart: SmartPicture,
  ladder: Ladder | undefined,
  steps: readonly PlanStep[],
): PlanStep[] {
  const encoder =
    ladder && encoderFor(ladder, smart.target?.preset ?? 'balanced', draft.request.capabilities, hasFloor(draft));
  const [first, ...others] = steps;
  if (first === undefined) return [];
  return [piecesStep(smart, encoder), { ...first, weight: 0.5, join: joinOf(smart) }, ...others];
}

const firstPassPlacements: readonly Placement[] = [
  {
    what: 'encode',
    place: 'cpu',
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

function firstPass(draft: Draft, { video, request }: OutputStreams, encoder: RungEncoder | undefined): CommandOutput {
  if (video.how !== 'encode' || encoder === undefined) throw new TypeError('Expected a picture to encode, got none');
  const target = withPass(video.target, 1);
  const pad = finishPicture(draft, video.pad, video.picture, target, request);
  return {
    streams: [pad],
    args: [...encoder.encode(pad, target).args, '-f', 'null'],
    path: nullOutput,
  };
}

function commandOutput(
  draft: Draft,
  timeline: Timeline,
  output: OutputStreams,
  encoder: RungEncoder | undefined,
  first: Clip,
): CommandOutput {
  const { request, video, audio, text } = output;
  const streams: CommandOutput['streams'][number][] = [];
  const args: string[] = [];
  if (video.how === 'copy') {
    streams.push(video.stream);
    args.push('-c:v', 'copy', ...(isSought(video) ? ['-copypriorss', '0'] : []));
    if (needsTag(video.picture.stream.codec, request.container)) args.push('-tag:v', 'hvc1');
  } else if (video.how === 'encode' && encoder !== undefined) {
    if (encoder.rung === 'software')
      draft.needEncoder(softwareEncoders[video.target.codec], `${request.videoPath}.codec`);
    const target = withPass(video.target, encoder.rung === 'software' && needsTwoPasses(output) ? 2 : undefined);
    const encoded = encoder.encode(finishPicture(draft, video.pad, video.picture, target, request), target);
    streams.push(encoded.pad);
    args.push(...encoded.args);
    if (encoded.note !== undefined) draft.note(encoded.note);
  }
  if (audio.how === 'copy') {
    streams.push(...audio.streams);
    args.push('-c:a', 'copy');
    if (!isSought(video) && timeline.clip?.window !== undefined) args.push('-copypriorss', '0');
  } else if (audio.how === 'encode') {
    streams.push(audio.finished.pad);
    args.push(...audio.finished.args);
    const { language } = audio.sound.stream;
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
    path: outputPath(draft, output),
  };
}

/** Whether a copied picture is read from a moment of its file on. */
function isSought(video: VideoPart): boolean {
  return video.how === 'copy' && video.smart === undefined && video.clip.window !== undefined;
}

function smartOf(video: VideoPart): SmartPicture | undefined {
  return video.how === 'copy' ? video.smart : undefined;
}

/** Preset of the decoder's surface pool: the one with the longest look-ahead. */
function presetOf(outputs: readonly OutputStreams[]): Preset {
  const presets = outputs.flatMap(({ video }) => (video.how === 'encode' ? [video.target.preset] : []));
  return presets.find((preset) => preset !== 'performance') ?? 'performance';
}

function outputPath(draft: Draft, { request, video }: OutputStreams): string {
  return `${draft.request.scratchDir}/${fileName(request.name, request.container, video.how !== 'none')}`;
}

function plannedOutput(draft: Draft, timeline: Timeline, output: OutputStreams, path: string): PlannedOutput {
  const { request, video, audio } = output;
  const hasVideo = video.how !== 'none';
  const copied = (video.how === 'copy' || audio.how === 'copy') && timeline.clip !== undefined;
  // A cut by copying is as exact as one by encoding, unless its sound was to be copied as well.
  const exact = smartOf(video) !== undefined && audio.how !== 'copy';
  const frames = video.how === 'encode' ? video.frames : smartOf(video)?.picture.frames;
  const stream = video.how === 'copy' ? video.picture.stream : undefined;
  const size = video.how === 'encode' ? video.target : stream;
  const audioCodec = audioCodecName(audio);
  const videoCodec = video.how === 'encode' ? video.target.codec : stream?.codec;
  const loudness = audio.how === 'encode' ? audio.finished.loudness : undefined;
  const comparison = qualityComparison(draft, video, request, path);
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
    contract: draft.request.spec.output.contract ?? {},
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
