import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from './ffmpeg.ts';

/** The content of the clip, which the checks compare with. */
export const clip = {
  width: 1920,
  height: 1080,
  fps: 24,
  seconds: 20,
  /** The tone of the clip, of the second clip, and the two of the music, in Hz. */
  tone: 440,
  secondTone: 660,
  musicTones: [1000, 1500],
  second: { seconds: 4, color: { r: 200, g: 60, b: 40 } },
} as const;

/** Every frame carries its own number as a row of black and white squares at the top left, lowest bit first. */
export const counter = { bits: 10, side: 48, x: 24, y: 24 } as const;

export interface Sources {
  readonly clip: string;
  readonly second: string;
  readonly music: string;
  readonly captions: string;
}

export const captionText = { from: 6, to: 11, line: 'FRAMEWRIGHT RENDERS THIS' } as const;

/** Creates the files of the demo: two clips, music and captions. Takes some seconds, all of them in FFmpeg. */
export async function makeSources(folder: string): Promise<Sources> {
  const sources = {
    clip: join(folder, 'clip.mp4'),
    second: join(folder, 'second.mp4'),
    music: join(folder, 'music.m4a'),
    captions: join(folder, 'captions.srt'),
  };
  await writeFile(
    sources.captions,
    `1\n${stamp(captionText.from)} --> ${stamp(captionText.to)}\n${captionText.line}\n`,
  );
  await Promise.all([makeClip(sources.clip), makeSecond(sources.second), makeMusic(sources.music)]);
  return sources;
}

function makeClip(path: string): Promise<Buffer> {
  const { width, height, fps, seconds, tone } = clip;
  const { bits, side, x, y } = counter;
  const base = `drawbox=x=0:y=0:w=${2 * x + bits * side}:h=${2 * y + side}:color=black:t=fill`;
  // `n` is the number of the frame; a box is white where its bit is set.
  const squares = Array.from(
    { length: bits },
    (_, bit) =>
      `drawbox=x=${x + bit * side}:y=${y}:w=${side}:h=${side}:color=white:t=fill:enable='mod(floor(n/${2 ** bit}),2)'`,
  );
  const video = `testsrc2=s=${width}x${height}:r=${fps}:d=${seconds},format=yuv420p,${[base, ...squares].join(',')}`;
  return encode(video, sine(tone, seconds), path);
}

function makeSecond(path: string): Promise<Buffer> {
  const { width, height, fps, secondTone, second } = clip;
  const { r, g, b } = second.color;
  const color = `0x${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  const video = `color=c=${color}:s=${width}x${height}:r=${fps}:d=${second.seconds},format=yuv420p`;
  return encode(video, sine(secondTone, second.seconds), path);
}

function makeMusic(path: string): Promise<Buffer> {
  const expression = clip.musicTones.map((tone) => `0.2*sin(2*PI*${tone}*t)`).join('+');
  const source = `aevalsrc='${expression}|${expression}':s=48000:d=${clip.seconds}`;
  return output('ffmpeg', ['-f', 'lavfi', '-i', source, ...audio, path, '-y']);
}

const audio = ['-c:a', 'aac', '-b:a', '160k'];

function sine(frequency: number, seconds: number): string {
  return `sine=f=${frequency}:r=48000:d=${seconds},volume=4,aformat=channel_layouts=stereo`;
}

function encode(source: string, tone: string, path: string): Promise<Buffer> {
  const inputs = ['-f', 'lavfi', '-i', source, '-f', 'lavfi', '-i', tone];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-g', '48'];
  return output('ffmpeg', [...inputs, ...video, ...audio, path, '-y']);
}

function stamp(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(11, 19)},000`;
}
