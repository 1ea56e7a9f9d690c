import { readFile } from 'node:fs/promises';
import { cachedClip } from './cached-clip.ts';
import { h264, tone, video } from './media-tools.ts';

/** The path of an MP4 of the cache with a moving test pattern at 25 frames per second and, unless without audio, a tone. */
export async function patternClip(options: {
  readonly seconds: number;
  readonly size?: string;
  readonly audio?: boolean;
}): Promise<string> {
  const { seconds, size, audio = true } = options;
  const inputs = [...video(seconds, size), ...(audio ? tone(seconds) : [])];
  return cachedClip([...inputs, ...h264, '-g', '50', '-c:a', 'aac', '-shortest']);
}

export interface ClipOptions {
  readonly seconds: number;
  readonly width?: number;
  readonly height?: number;
}

/** The bytes of an MP4 with a moving test pattern at 25 frames per second and a 440 Hz tone. */
export async function testClip({ seconds, width = 320, height = 180 }: ClipOptions): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(await patternClip({ seconds, size: `${width}x${height}` })));
}
