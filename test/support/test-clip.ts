import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ClipOptions {
  readonly seconds: number;
  readonly width?: number;
  readonly height?: number;
}

/** The bytes of an MP4 with a moving test pattern at 25 frames per second and a 440 Hz tone. */
export async function testClip({ seconds, width = 320, height = 180 }: ClipOptions): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-clip-'));
  try {
    const path = join(folder, 'clip.mp4');
    const video = `testsrc2=size=${width}x${height}:rate=25:duration=${seconds}`;
    const audio = `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
    const encode = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-g',
      '50',
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      '-shortest',
      path,
    ];
    await run('ffmpeg', [
      '-hide_banner',
      '-nostdin',
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      video,
      '-f',
      'lavfi',
      '-i',
      audio,
      ...encode,
    ]);
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
