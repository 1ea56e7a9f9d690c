import type { BackendEncoder } from '../encoders/backend-encoder.ts';
import type { VideoTarget } from '../encoders/video-target.ts';
import { type CommandOutput, type CopiedStream, commandLine } from '../outputs/command.ts';
import type { Clip } from '../planning/clip.ts';
import type { Placement, PlanStep } from '../planning/plan.ts';
import type { VideoState } from '../planning/timeline.ts';
import type { VideoStream } from '../probe/probe.ts';
import type { EdgeRange, SmartCut } from './cut-plan.ts';
import type { SmartJoin } from './join.ts';
import { edgePad, readFrom, reencodedEnd } from './reencoded-ends.ts';

/** The picture of an output that is cut by copying. */
export interface SmartVideo {
  readonly video: VideoState;
  readonly clip: Clip;
  readonly cut: SmartCut;
  /** What the edges are encoded to; absent when none are needed. */
  readonly target?: VideoTarget;
  /** Path of the joined stream, without an ending: pieces lie beside it. */
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

/** The process that takes the copied pictures out of the source and encodes those at the edges. */
export function piecesStep(smart: SmartVideo, encoder: BackendEncoder | undefined): PlanStep {
  const { clip, video, cut } = smart;
  const join = joinOf(smart);
  const edge = (range: EdgeRange | undefined, path: string | undefined): CommandOutput[] => {
    if (range === undefined || path === undefined) return [];
    if (encoder === undefined || smart.target === undefined)
      throw new TypeError('Expected an encoder for the edges of a cut, got none');
    const { pad, args } = reencodedEnd(edgePad(clip, video, range), smart.target, video.stream, encoder);
    return [{ streams: [pad], args, path }];
  };
  const scale = String(cut.join.timescale);
  const tag = cut.join.codec === 'hevc' ? ['-tag:v', 'hvc1'] : [];
  const copied: CommandOutput = {
    streams: [{ from: 'copy', input: readFrom(clip, cut.seek, cut.limit), specifier: String(video.stream.index) }],
    // Both scales are that of the source, so that no moment is rounded.
    args: [
      '-c:v',
      'copy',
      ...decodeMoments(video.stream),
      ...tag,
      '-video_track_timescale',
      scale,
      '-movie_timescale',
      scale,
      '-f',
      'mp4',
    ],
    metadataFrom: clip,
    path: join.source,
  };
  const outputs = [copied, ...edge(cut.head, join.head), ...edge(cut.tail, join.tail)];
  return {
    name: 'pieces',
    argv: commandLine(outputs, ['-copyts', ...(encoder?.globals ?? [])]),
    // Moments are those of the file, so progress is counted from its start.
    expectedSeconds: clip.window?.end ?? clip.probe.duration,
    weight: 0.5,
    placements: placements(smart, encoder),
  };
}

/** Farther than any codec moves a picture out of its order, in seconds. */
const reorderSeconds = 2;

/**
 * Moments of decoding that ascend: those that FFmpeg guesses for Matroska after a seek do not always, which would end the
 * process. Nobody reads them; the joined stream gets its own.
 */
function decodeMoments({ timeBase: { num, den } }: VideoStream): string[] {
  const early = `PTS-${Math.ceil((reorderSeconds * den) / num)}`;
  return ['-bsf:v', `setts=pts=PTS:dts='if(eq(N,0),${early},max(PREV_OUTDTS+1,${early}))'`];
}

function placements({ cut: { head, tail, copied } }: SmartVideo, encoder: BackendEncoder | undefined): Placement[] {
  const until = copied.end === undefined ? 'the end' : `${copied.end.toFixed(3)} s`;
  const lines: Placement[] = [
    {
      what: 'trim',
      runsOn: 'copy',
      why: `pictures from ${copied.start.toFixed(3)} s to ${until} of the output are copied: nothing changes them`,
    },
  ];
  const edges = [
    ...(head ? [`${counted(head.frames)} before the first key frame of the cut`] : []),
    ...(tail ? [`${counted(tail.frames)} at its end`] : []),
  ];
  if (edges.length > 0 && encoder !== undefined) {
    const runsOn = encoder.backend === 'software' ? 'cpu' : 'gpu';
    lines.push({ what: 'encode', runsOn, why: `${edges.join(' and ')}: what they refer to is not part of the cut` });
  }
  return lines;
}

function counted(frames: number): string {
  return `${frames} ${frames === 1 ? 'picture' : 'pictures'}`;
}
