import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MediaTools } from '../../../src/media/ffmpeg/run/run-tool.ts';
import { run } from '../../software-gpu/set-up/run.ts';

/** Frames of every clip: a second at 25 frames per second. */
export const clipFrames = 25;
export const clipSize = { width: 320, height: 180 };

const video = (size = '320x180', rate = '25'): string[] => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}:d=1`];
const audio = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=1', '-c:a', 'aac', '-b:a', '96k'];
const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '12', '-g', '10', '-pix_fmt', 'yuv420p'];
const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:crf=12:keyint=10'];

const clips: Readonly<Record<string, readonly string[]>> = {
  'clip.mp4': [...video(), ...audio, ...x264],
  // Equal in all that a decoder is set up with.
  'equal.mp4': [...video(), ...audio, '-vf', 'hue=h=90', ...x264],
  'unlike.mp4': [...video('240x240', '30'), ...audio, ...x264],
  'silent.mp4': [...video(), ...x264],
  'ten.mp4': [...video(), ...x265, '-pix_fmt', 'yuv420p10le'],
  'av1.mkv': [...video(), '-c:v', 'libsvtav1', '-preset', '10', '-crf', '16', '-pix_fmt', 'yuv420p'],
  'vp9.webm': [...video(), '-c:v', 'libvpx-vp9', '-b:v', '4M', '-deadline', 'realtime', '-pix_fmt', 'yuv420p'],
  'mpeg2.mpg': [...video(), '-c:v', 'mpeg2video', '-q:v', '2', '-g', '10', '-pix_fmt', 'yuv420p'],
  'prores.mov': [...video(), '-c:v', 'prores_ks', '-profile:v', '0', '-pix_fmt', 'yuv422p10le'],
  'interlaced.mp4': [...video(), '-vf', 'setfield=tff', ...x264, '-flags', '+ilme+ildct'],
  'wide.mp4': [...video('240x180'), '-vf', 'setsar=4/3', ...x264],
  'odd.webm': [...video('321x181'), '-c:v', 'libvpx-vp9', '-b:v', '4M', '-deadline', 'realtime', '-pix_fmt', 'yuv420p'],
  'full.mp4': [...video(), '-vf', 'scale=out_range=full', ...x264.slice(0, -1), 'yuvj420p', '-color_range', 'pc'],
  'sd.mp4': [
    ...video(),
    ...x264,
    '-color_primaries',
    'smpte170m',
    '-color_trc',
    'smpte170m',
    '-colorspace',
    'smpte170m',
  ],
  'variable.mp4': [...video(), '-vf', "select='not(eq(mod(n,7),3))'", '-fps_mode', 'vfr', ...x264],
  'mark.png': ['-f', 'lavfi', '-i', 'color=red@0.6:s=64x32:d=0.04,format=rgba', '-frames:v', '1'],
  'mark.mp4': ['-f', 'lavfi', '-i', 'color=yellow:s=64x32:r=25:d=0.4', ...x264],
  'tone.m4a': audio,
};

/** Makes all clips of the matrix in a folder. */
export async function makeClips(dir: string, { ffmpeg }: MediaTools): Promise<void> {
  await mkdir(dir, { recursive: true });
  const make = (name: string, argv: readonly string[]) => run(ffmpeg, ['-v', 'error', ...argv, join(dir, name)]);
  await Promise.all(Object.entries(clips).map(([name, argv]) => make(name, argv)));
  const whole = ['-i', join(dir, 'clip.mp4'), '-c', 'copy'];
  // Video that begins 40 ms after the file, and video that a player must rotate.
  await run(ffmpeg, [
    '-v',
    'error',
    '-i',
    join(dir, 'clip.mp4'),
    '-itsoffset',
    '0.04',
    ...whole.slice(0, 2),
    '-map',
    '0:a',
    '-map',
    '1:v',
    '-c',
    'copy',
    join(dir, 'late.mkv'),
  ]);
  await run(ffmpeg, ['-v', 'error', '-display_rotation', '90', ...whole, join(dir, 'turned.mp4')]);
  await writeFile(join(dir, 'lines.srt'), '1\n00:00:00,200 --> 00:00:00,600\nOne line of text\n');
}
