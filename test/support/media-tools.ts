import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MediaTools } from '../../src/media/ffmpeg/run/run-tool.ts';

export const tools: MediaTools = {
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffprobe',
  env: { PATH: process.env['PATH'] ?? '' },
};

/** A signal that is never aborted. */
export const never = new AbortController().signal;

const run = promisify(execFile);

/** Runs the real FFmpeg on a test's own clips. */
export async function ffmpeg(...argv: readonly string[]): Promise<void> {
  await run('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', '-y', ...argv]);
}

/** Arguments of a test video at 25 frames per second, and of a tone. */
export function video(seconds: number, size = '320x180'): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`];
}

export function tone(seconds: number): string[] {
  return ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`];
}

export const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'] as const;
