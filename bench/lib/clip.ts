import { access, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cachedClip, clipFolder } from '../../test/support/cached-clip.ts';
import { runTool } from './run-tool.ts';

/** A 1080p30 H.264 clip with moving detail and a tone; returns its name in the clip folder. */
export async function benchClip(seconds: number): Promise<string> {
  const video = `testsrc2=size=1920x1080:rate=30:duration=${seconds}`;
  const audio = `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
  const inputs = ['-f', 'lavfi', '-i', video, '-f', 'lavfi', '-i', audio];
  const encode = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-g', '60', '-pix_fmt', 'yuv420p'];
  return basename(await cachedClip([...inputs, ...encode, '-c:a', 'aac', '-shortest']));
}

/** The video of a clip of the folder several times in a row, by copying, with one tone; returns its name in the folder. */
export async function loopedClip(name: string, seconds: number, times: number): Promise<string> {
  const looped = name.replace(/\.mp4$/, `-x${times}.mp4`);
  const path = join(clipFolder, looped);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) return looped;
  const [video, unfinished] = [join(clipFolder, `.video-${name}`), join(clipFolder, `.${looped}`)];
  const quiet = ['-hide_banner', '-nostdin', '-y', '-v', 'error'];
  // Without its audio, which is a little longer, the video repeats without a gap.
  await runTool('ffmpeg', [...quiet, '-i', join(clipFolder, name), '-map', '0:v', '-c', 'copy', video]);
  const tone = ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds * times}`];
  const loop = ['-stream_loop', String(times - 1), '-i', video, ...tone, '-c:v', 'copy', '-c:a', 'aac'];
  await runTool('ffmpeg', [...quiet, ...loop, '-f', 'mp4', unfinished]);
  await rename(unfinished, path);
  await rm(video);
  return looped;
}
