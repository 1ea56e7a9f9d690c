import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A decoded frame: when it is shown, in seconds on the clock of the file, and the MD5 of its samples. */
export interface DecodedFrame {
  readonly time: number;
  readonly hash: string;
}

/**
 * Every frame of a file from FFmpeg's `framemd5`, neither rotated nor resampled. Rejects when the decoder
 * says anything at all about the file.
 */
export async function decodedFrames(path: string): Promise<DecodedFrame[]> {
  const quiet = ['-hide_banner', '-nostdin', '-v', 'warning', '-xerror', '-noautorotate', '-copyts'];
  // Without a time base of its own, FFmpeg rounds moments to the mean rate.
  const exact = ['-fps_mode', 'passthrough', '-enc_time_base', '1:90000'];
  const argv = [...quiet, '-i', path, '-map', '0:v:0', ...exact, '-f', 'framemd5', '-'];
  const { stdout, stderr } = await run('ffmpeg', argv, { maxBuffer: 1 << 26 });
  if (stderr !== '') throw new Error(`Expected ${path} to decode in silence, got: ${stderr}`);
  const [num, den] = (/^#tb 0: (\d+)\/(\d+)$/m.exec(stdout) ?? []).slice(1).map(Number);
  return stdout.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [];
    const fields = line.split(',').map((field) => field.trim());
    return [{ time: (Number(fields[2]) * (num ?? 1)) / (den ?? 1), hash: fields.at(-1) ?? '' }];
  });
}

/** Peak signal-to-noise ratio of two grey frames in dB; infinite for equal ones. */
export function peakSignalToNoise(a: Buffer | undefined, b: Buffer | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length)
    throw new Error('Expected two frames of the same size');
  const squares = a.reduce((total, value, index) => total + (value - (b[index] ?? 0)) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.length) / squares);
}

/** Packets of a file's video in their order: times in seconds, and whether they are marked as key frames. */
export async function videoPackets(path: string): Promise<{ dts: number; pts: number; key: boolean }[]> {
  const argv = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'packet=pts_time,dts_time,flags',
    '-of',
    'csv=p=0',
  ];
  const { stdout } = await run('ffprobe', [...argv, path], { maxBuffer: 1 << 26 });
  return stdout.split('\n').flatMap((line) => {
    const [pts, dts, flags] = line.split(',');
    return flags === undefined ? [] : [{ pts: Number(pts), dts: Number(dts), key: flags.startsWith('K') }];
  });
}

/** HDR metadata of each decoded frame that has any: the maximum luminance of its display, and of its content. */
export async function lightOf(path: string): Promise<{ brightest: string; content: number }[]> {
  const entries = 'frame=pts:frame_side_data=max_luminance,max_content';
  const argv = ['-v', 'error', '-select_streams', 'v:0', '-show_frames', '-show_entries', entries, '-of', 'flat'];
  const { stdout } = await run('ffprobe', [...argv, path], { maxBuffer: 1 << 26 });
  const frames = stdout.split(/(?=frames\.frame\.\d+\.pts=)/);
  return frames.flatMap((text) => {
    const brightest = /max_luminance="([^"]+)"/.exec(text)?.[1];
    const content = /max_content="?(\d+)/.exec(text)?.[1];
    return brightest === undefined || content === undefined ? [] : [{ brightest, content: Number(content) }];
  });
}
