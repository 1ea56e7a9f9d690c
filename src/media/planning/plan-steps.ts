import { omitUndefined } from '../../lib/omit-undefined.ts';
import type { BackendChain } from '../encoders/backend-chain.ts';
import { type BackendEncoder, encoderFor } from '../encoders/backend-encoder.ts';
import { hasTwoPasses, softwareEncoders } from '../encoders/software.ts';
import { needsTag, type Preset, type VideoTarget } from '../encoders/video-target.ts';
import { type CommandOutput, commandLine, nullOutput } from '../outputs/command.ts';
import { finishVideo } from '../outputs/video-output.ts';
import { muxArguments } from '../probe/containers.ts';
import { readFrom } from '../smart-cut/reencoded-ends.ts';
import { joinOf, piecesStep, type SmartVideo } from '../smart-cut/smart-steps.ts';
import { hasFloor } from '../verify/quality-comparison.ts';
import type { Clip } from './clip.ts';
import { type OutputStreams, smartCutOf, type VideoPart } from './output-streams.ts';
import { placementsOf } from './placements.ts';
import type { Placement, PlanStep } from './plan.ts';
import type { PlanBuilder } from './plan-builder.ts';
import { audioCodecName, outputPath } from './planned-output.ts';
import type { Timeline } from './timeline.ts';

/** What the processes of a plan are made from. */
interface StepSource {
  readonly builder: PlanBuilder;
  readonly timeline: Timeline;
  readonly outputs: readonly OutputStreams[];
  /** `undefined` when nothing is encoded. */
  readonly backends: BackendChain | undefined;
  /** The first input, whose tags and chapters outputs keep. */
  readonly first: Clip;
}

/** The process that writes all outputs, after a first pass where one is needed. */
export function renderSteps(source: StepSource): PlanStep[] {
  const { builder, timeline, outputs, backends } = source;
  const twice = backends?.backend === 'software' ? outputs.filter(needsTwoPasses) : [];
  const encoder = backends && encoderFor(backends, presetOf(outputs), builder.request.capabilities, hasFloor(builder));
  const argv = renderCommand(source, encoder);
  const expectedSeconds = timeline.duration;
  const placements = placementsOf(builder, outputs, backends, encoder?.cpuWork());
  if (encoder === undefined || twice.length === 0)
    return [{ name: 'render', argv, expectedSeconds, weight: 1, placements }];
  const analysis = commandLine(twice.map((output) => firstPass(builder, output, encoder)));
  return [
    { name: 'pass 1', argv: analysis, expectedSeconds, weight: 0.4, placements: firstPassPlacements },
    { name: 'pass 2', argv, expectedSeconds, weight: 0.6, placements },
  ];
}

/** The pieces first; then the joined stream is rendered as a copied one is. */
export function smartCutSteps({ smart, ...source }: StepSource & { readonly smart: SmartVideo }): PlanStep[] {
  const { builder, backends } = source;
  const [first, ...others] = renderSteps({ ...source, backends: undefined });
  if (first === undefined) return [];
  const preset = smart.target?.preset ?? 'balanced';
  const encoder = backends && encoderFor(backends, preset, builder.request.capabilities, hasFloor(builder));
  return [piecesStep(smart, encoder), { ...first, weight: 0.5, join: joinOf(smart) }, ...others];
}

const firstPassPlacements: readonly Placement[] = [
  {
    what: 'encode',
    runsOn: 'cpu',
    why: 'the output has a target size, so a first pass measures where bits are needed',
  },
];

/** Preset of the decoder's surface pool: the one with the longest look-ahead. */
function presetOf(outputs: readonly OutputStreams[]): Preset {
  const presets = outputs.flatMap(({ video }) => (video.how === 'encode' ? [video.target.preset] : []));
  return presets.find((preset) => preset !== 'performance') ?? 'performance';
}

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

function firstPass(builder: PlanBuilder, { video, request }: OutputStreams, encoder: BackendEncoder): CommandOutput {
  if (video.how !== 'encode') throw new TypeError(`Expected video to encode in a first pass, got ${video.how}`);
  const target = withPass(video.target, 1);
  const pad = finishVideo(builder, video.pad, video.video, target, request);
  return {
    streams: [pad],
    args: [...encoder.encode(pad, target).args, '-f', 'null'],
    path: nullOutput,
  };
}

function renderCommand(source: StepSource, encoder: BackendEncoder | undefined): string[] {
  const { builder, outputs } = source;
  const auxiliary = builder.auxiliaryOutputs.map(({ pad, args, output }) => ({
    streams: [encoder?.toMemory(pad) ?? pad],
    args: [...args],
    path: output.path,
  }));
  return commandLine(
    [...outputs.map((output) => commandOutput(source, output, encoder)), ...auxiliary],
    encoder?.globals,
  );
}

type StreamArguments = Pick<CommandOutput, 'streams' | 'args'>;

function commandOutput(
  { builder, timeline, first }: StepSource,
  output: OutputStreams,
  encoder: BackendEncoder | undefined,
): CommandOutput {
  const { request, video, audio, text } = output;
  const videoArguments = videoStream(builder, output, encoder);
  const audioArguments = audioStreams(timeline, output);
  const smart = smartCutOf(video) !== undefined;
  return omitUndefined({
    streams: [...videoArguments.streams, ...audioArguments.streams, ...text.streams],
    args: [
      ...videoArguments.args,
      ...audioArguments.args,
      ...text.args,
      ...muxArguments(request.container, audioCodecName(audio)),
    ],
    metadataFrom: first,
    metadataInput: smart ? readFrom(first, 0, undefined) : undefined,
    chapters: request.container !== 'cmaf' && !timeline.retimed && timeline.clip === first,
    path: outputPath(builder, output),
  });
}

const noStreams: StreamArguments = { streams: [], args: [] };
/** Keeps packets before the first key frame from being copied after a seek. */
const dropsEarlierPackets = ['-copypriorss', '0'];

function videoStream(
  builder: PlanBuilder,
  output: OutputStreams,
  encoder: BackendEncoder | undefined,
): StreamArguments {
  const { request, video } = output;
  switch (video.how) {
    case 'none':
      return noStreams;
    case 'copy': {
      const sought = isSought(video) ? dropsEarlierPackets : [];
      const tag = needsTag(video.video.stream.codec, request.container) ? ['-tag:v', 'hvc1'] : [];
      return { streams: [video.stream], args: ['-c:v', 'copy', ...sought, ...tag] };
    }
    case 'encode': {
      if (encoder === undefined) return noStreams;
      const onCpu = encoder.backend === 'software';
      if (onCpu) builder.needEncoder(softwareEncoders[video.target.codec], `${request.videoPath}.codec`);
      const target = withPass(video.target, onCpu && needsTwoPasses(output) ? 2 : undefined);
      const finished = finishVideo(builder, video.pad, video.video, target, request);
      const { pad, args, note } = encoder.encode(finished, target);
      if (note !== undefined) builder.note(note);
      return { streams: [pad], args };
    }
  }
}

function audioStreams(timeline: Timeline, { video, audio }: OutputStreams): StreamArguments {
  switch (audio.how) {
    case 'none':
      return noStreams;
    case 'copy': {
      const sought = !isSought(video) && timeline.clip?.window !== undefined ? dropsEarlierPackets : [];
      return { streams: audio.streams, args: ['-c:a', 'copy', ...sought] };
    }
    case 'encode': {
      const { language } = audio.audio.stream;
      const tags = language === undefined ? [] : ['-metadata:s:a:0', `language=${language}`];
      return { streams: [audio.finished.pad], args: [...audio.finished.args, ...tags] };
    }
  }
}

/** Whether copied video is read from a time within its file on. */
function isSought(video: VideoPart): boolean {
  return video.how === 'copy' && video.smart === undefined && video.clip.window !== undefined;
}
