import type { BackendEncoder } from '../encoders/backend-encoder.ts';
import type { VideoTarget } from '../encoders/video-target.ts';
import { type CommandOutput, type CopiedStream, commandLine } from '../outputs/command.ts';
import type { Clip } from '../planning/clip.ts';
import type { Placement, PlanStep } from '../planning/plan.ts';
import type { VideoState } from '../planning/timeline.ts';
import type { VideoStream } from '../probe/probe.ts';
import type { ReencodedRange, SmartCut } from './cut-plan.ts';
import type { SmartJoin } from './join.ts';
import { readFrom, reencodedEnd, reencodedPad } from './reencoded-ends.ts';

/** The video of an output that is made by a smart cut. */
export interface SmartVideo {
  readonly video: VideoState;
  readonly clip: Clip;
  readonly cut: SmartCut;
  /** What the head and the tail are encoded to; absent when there are none. */
  readonly target?: VideoTarget;
  /** Path of the joined stream without an extension: the pieces lie beside it. */
  readonly base: string;
}

/** The stream that the pieces are joined to, as an input of the last step. */
export function joinedStream({ base }: SmartVideo): CopiedStream {
  const input = { path: `${base}.mp4`, options: ['-protocol_whitelist', 'file'], instance: -1 };
  return { from: 'copy', input, specifier: '0' };
}

export function joinOf({ base, cut: { join, head, tail } }: SmartVideo): SmartJoin {
  return {
    ...join,
    source: `${base}-source.mp4`,
    ...(head && { head: `${base}-head.mp4` }),
    ...(tail && { tail: `${base}-tail.mp4` }),
    output: `${base}.mp4`,
  };
}

/** The process that copies frames of the source and encodes the head and the tail. */
export function piecesStep(smart: SmartVideo, encoder: BackendEncoder | undefined): PlanStep {
  const { clip, cut } = smart;
  const join = joinOf(smart);
  const outputs = [
    copiedOutput(smart, join.source),
    ...reencodedOutput(smart, encoder, cut.head, join.head),
    ...reencodedOutput(smart, encoder, cut.tail, join.tail),
  ];
  return {
    name: 'pieces',
    argv: commandLine(outputs, ['-copyts', ...(encoder?.globals ?? [])]),
    // Times are those of the file, so progress is counted from its start.
    expectedSeconds: clip.window?.end ?? clip.probe.duration,
    weight: 0.5,
    placements: placements(smart, encoder),
  };
}

function copiedOutput({ clip, video, cut }: SmartVideo, path: string): CommandOutput {
  const scale = String(cut.join.timescale);
  const tag = cut.join.codec === 'hevc' ? ['-tag:v', 'hvc1'] : [];
  // Both time scales are that of the source, so that no time is rounded.
  const scales = ['-video_track_timescale', scale, '-movie_timescale', scale];
  return {
    streams: [{ from: 'copy', input: readFrom(clip, cut.seek, cut.limit), specifier: String(video.stream.index) }],
    args: ['-c:v', 'copy', ...decodeTimes(video.stream), ...tag, ...scales, '-f', 'mp4'],
    metadataFrom: clip,
    path,
  };
}

function reencodedOutput(
  { clip, video, target }: SmartVideo,
  encoder: BackendEncoder | undefined,
  range: ReencodedRange | undefined,
  path: string | undefined,
): CommandOutput[] {
  if (range === undefined || path === undefined) return [];
  if (encoder === undefined || target === undefined)
    throw new TypeError('Expected an encoder for the head and the tail of a smart cut');
  const { pad, args } = reencodedEnd(reencodedPad(clip, video, range), target, video.stream, encoder);
  return [{ streams: [pad], args, path }];
}

/** Farther than any codec moves a frame out of its order, in seconds. */
const reorderSeconds = 2;

/**
 * Ascending decoding times: those that FFmpeg guesses for Matroska after a seek are not always ascending, which would end
 * the process. They are not read again: the joined stream gets its own.
 */
function decodeTimes({ timeBase: { num, den } }: VideoStream): string[] {
  const early = `PTS-${Math.ceil((reorderSeconds * den) / num)}`;
  return ['-bsf:v', `setts=pts=PTS:dts='if(eq(N,0),${early},max(PREV_OUTDTS+1,${early}))'`];
}

function placements({ cut: { head, tail, copied } }: SmartVideo, encoder: BackendEncoder | undefined): Placement[] {
  const until = copied.end === undefined ? 'the end' : `${copied.end.toFixed(3)} s`;
  const lines: Placement[] = [
    {
      what: 'trim',
      runsOn: 'copy',
      why: `frames from ${copied.start.toFixed(3)} s to ${until} of the output are copied: no operation changes them`,
    },
  ];
  const reencoded = [
    ...(head ? [`${counted(head.frames)} before the first key frame of the cut`] : []),
    ...(tail ? [`${counted(tail.frames)} at its end`] : []),
  ];
  if (reencoded.length > 0 && encoder !== undefined) {
    const runsOn = encoder.backend === 'software' ? 'cpu' : 'gpu';
    lines.push({ what: 'encode', runsOn, why: `${reencoded.join(' and ')} refer to frames outside the cut` });
  }
  return lines;
}

function counted(frames: number): string {
  return `${frames} ${frames === 1 ? 'frame' : 'frames'}`;
}
