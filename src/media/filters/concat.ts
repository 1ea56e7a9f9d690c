import type { Clip } from '../planning/clip.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { Timeline } from '../planning/timeline.ts';
import type { AudioStream, Probe, VideoStream } from '../probe/probe.ts';
import { concatEntry } from './escape.ts';
import { sum } from './numbers.ts';

/**
 * What prevents clips from being joined by copying packets; `undefined` when nothing does. Players keep the decoder of the
 * first clip, so everything that configures it must be equal.
 */
export function joinObstacle(timelines: readonly Timeline[]): string | undefined {
  const clips = timelines.map(unchangedClip);
  const probes = clips.flatMap((clip) => (clip === undefined ? [] : partsOf(clip)));
  if (clips.includes(undefined)) return 'an earlier operation changed a clip';
  const [first, ...others] = probes;
  if (first === undefined) return 'there is no clip';
  if (probes.some(({ path }) => /[\r\n]/.test(path))) return 'a path contains a line break';
  for (const other of others) {
    const why = difference(first, other);
    if (why !== undefined) return `the clips differ in ${why}`;
  }
  return undefined;
}

/** The clip of a timeline that no operation has changed yet. */
function unchangedClip({ clip, video, audio, tracks }: Timeline): Clip | undefined {
  const changed = video?.pad !== undefined || audio?.pad !== undefined || tracks.length > 0;
  if (clip === undefined || changed || clip.window !== undefined) return undefined;
  // Audio that an earlier operation removed must not be in the output.
  return clip.probe.audio.length > 0 && audio === undefined ? undefined : clip;
}

function partsOf(clip: Clip): readonly Probe[] {
  return clip.parts ?? [clip.probe];
}

function difference(a: Probe, b: Probe): string | undefined {
  if (a.format !== b.format) return 'format';
  if (a.video.length !== b.video.length || a.audio.length !== b.audio.length) return 'number of streams';
  if (a.coverArt + b.coverArt > 0) return 'cover art';
  const video = a.video
    .map((stream, index) => videoDifference(stream, b.video[index]))
    .find((why) => why !== undefined);
  const audio = a.audio
    .map((stream, index) => audioDifference(stream, b.audio[index]))
    .find((why) => why !== undefined);
  return video ?? audio;
}

function videoDifference(a: VideoStream, b: VideoStream | undefined): string | undefined {
  if (b === undefined || a.index !== b.index) return 'order of streams';
  const same = (key: keyof VideoStream): boolean => JSON.stringify(a[key]) === JSON.stringify(b[key]);
  const names: readonly (readonly [keyof VideoStream, string])[] = [
    ['codec', 'codec'],
    ['profile', 'profile'],
    ['width', 'size'],
    ['height', 'size'],
    ['rotation', 'rotation'],
    ['warped', 'mirroring'],
    ['pixelFormat', 'pixel format'],
    ['sampleAspectRatio', 'pixel aspect ratio'],
    ['frameRate', 'frame rate'],
    ['timeBase', 'time base'],
    ['colorTransfer', 'colour'],
    ['interlaced', 'interlacing'],
    ['extradataHash', 'decoder configuration'],
  ];
  return (
    names.find(([key]) => !same(key))?.[1] ?? (a.variableFrameRate || b.variableFrameRate ? 'frame rate' : undefined)
  );
}

function audioDifference(a: AudioStream, b: AudioStream | undefined): string | undefined {
  if (b === undefined || a.index !== b.index) return 'order of streams';
  const keys = ['codec', 'sampleRate', 'channels', 'channelLayout', 'extradataHash'] as const;
  return keys.every((key) => a[key] === b[key]) ? undefined : 'audio';
}

/** A list of clips that plays as one, without a window of its own. */
export function joinedClip(builder: PlanBuilder, timelines: readonly Timeline[], name: string): Clip {
  const parts = timelines.flatMap(({ clip }) => (clip === undefined ? [] : partsOf(clip)));
  const [first] = parts;
  if (first === undefined) throw new TypeError('Expected at least one clip to join, got an empty list');
  const path = builder.write(
    name,
    // Without an in point, packets before 0 (priming of the audio) would delay the video by their length.
    ['ffconcat version 1.0', ...parts.flatMap((part) => [concatEntry(part.path), 'inpoint 0']), ''].join('\n'),
  );
  const duration = sum(parts.map((part) => part.duration));
  const { keyframes: _keyframes, ...rest } = first;
  const probe: Probe = {
    ...rest,
    path,
    duration,
    bytes: sum(parts.map(({ bytes }) => bytes)),
    subtitles: [],
    chapters: 0,
    video: first.video.map(({ frames: _frames, ...stream }) => ({ ...stream, duration, startTime: first.startTime })),
    audio: first.audio.map((stream) => ({ ...stream, duration, startTime: first.startTime })),
  };
  return { ...builder.clipOf(probe, path, ['-f', 'concat', '-safe', '0'], false), parts };
}
