import { type Config, processEnvironment } from '../config/load-config.ts';
import type { MediaTools } from '../media/ffmpeg/run/run-tool.ts';
import { toolEnvironment } from '../media/ffmpeg/run/tool-environment.ts';
import type { DeviceFolders } from '../media/gpu/run/render-nodes.ts';

/** The FFmpeg of this machine. */
export function mediaToolsOf({ ffmpeg, ffprobe }: Config['media']): MediaTools {
  return { ffmpeg, ffprobe, env: toolEnvironment(processEnvironment()) };
}

/** Where this machine lists its render nodes. */
export function deviceFolders({ driDir, drmClassDir }: Config['media']): DeviceFolders {
  return { dri: driDir, drmClass: drmClassDir };
}
