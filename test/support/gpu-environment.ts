import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { quote } from '../software-gpu/set-up/wrappers.ts';
import type { SoftwareGpu } from './software-gpu.ts';

/**
 * The variables by which a server or a command uses a GPU. Its FFmpeg lists only `encoders` of the GPU, for example
 * h264_qsv, which saves the time of the other trial encodes.
 */
export async function gpuEnvironment(
  { tools, folders }: SoftwareGpu,
  encoders: readonly string[],
): Promise<Record<string, string>> {
  const ffmpeg = join(dirname(tools.ffmpeg), 'ffmpeg-with-few-encoders');
  const keep = encoders.map((name) => `-e ${quote(` ${name} `)}`).join(' ');
  const lines = [
    '#!/bin/sh',
    `full=${quote(tools.ffmpeg)}`,
    'case "$*" in',
    `  *-encoders*) "$full" "$@" | grep -vE '_(qsv|vaapi) '; "$full" "$@" | grep ${keep}; exit 0 ;;`,
    'esac',
    'exec "$full" "$@"',
  ];
  await writeFile(ffmpeg, `${lines.join('\n')}\n`, { mode: 0o755 });
  return {
    FRAMEWRIGHT_FFMPEG: ffmpeg,
    FRAMEWRIGHT_FFPROBE: tools.ffprobe,
    FRAMEWRIGHT_DRI_DIR: folders.dri,
    FRAMEWRIGHT_DRM_CLASS_DIR: folders.drmClass,
  };
}
