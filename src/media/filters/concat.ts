import type { Clip } from '../planning/clip.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { Timeline } from '../planning/timeline.ts';
import type { AudioStream, Probe, VideoStream } from '../probe/probe.ts';
import { concatEntry } from './escape.ts';
import { sum } from './numbers.ts';

/**
 * Why clips cannot be joined by copying packets; `undefined` when they can. Players keep the decoder of the first clip,
 * so everything it was set up with must be equal.
 */
export function canJoin(timelines: readonly Timeline[]): string | undefined {
  const clips = timelines.map(untouched);
  const probes = clips.flatMap((clip) => (clip === undefined ? [] : partsOf(clip)));
  if (clips.includes(undefined)) return 'a clip was changed before';
  const [first, ...others] = probes;
  if (first === undefined) return 'there is no clip';
  if (probes.some(({ path }) => /[\r\n]/.test(path))) return 'a path holds a line break';
  for (const other of others) {
    const why = difference(first, other);
    if (why !== undefined) return `the clips differ in ${why}`;
  }
  return undefined;
}

/** The clip of a timeline to which nothing was done yet. */
function untouched({ clip, video, audio, tracks }: Timeline): Clip | undefined {
  const touched = video?.pad !== undefined || audio?.pad !== undefined || tracks.length > 0;
  if (clip === undefined || touched || clip.window !== undefined) return undefined;
  // Sound that was left out before must not come back.
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
    .map((stream, index) => pictureDifference(stream, b.video[index]))
    .find((why) => why !== undefined);
  const audio = a.audio
    .map((stream, index) => soundDifference(stream, b.audio[index]))
    .find((why) => why !== undefined);
  return video ?? audio;
}

function pictureDifference(a: VideoStream, b: VideoStream | undefined): string | undefined {
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
    ['sampleAspectRatio', 'shape of pixels'],
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

function soundDifference(a: AudioStream, b: AudioStream | undefined): string | undefined {
  if (b === undefined || a.index !== b.index) return 'order of streams';
  const keys = ['codec', 'sampleRate', 'channels', 'channelLayout', 'extradataHash'] as const;
  return keys.every((key) => a[key] === b[key]) ? undefined : 'sound';
}

/** A list of clips that plays as one, without a window of its own. */
export function joinedClip(builder: PlanBuilder, timelines: readonly Timeline[], name: string): Clip {
  const parts = timelines.flatMap(({ clip }) => (clip === undefined ? [] : partsOf(clip)));
  const [first] = parts;
  if (first === undefined) throw new TypeError('Expected at least one clip to join, got none');
  const path = builder.write(
    name,
    // Without an in point, packets before 0 (priming of the sound) would push the picture back by their length.
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
