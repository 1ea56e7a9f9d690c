// Plain JavaScript for Node 18: this runs before anything is installed.

/** The oldest FFmpeg that the planners write for, and its libavutil (for builds that have no release number). */
export const OLDEST_FFMPEG = '5.1';
const OLDEST_LIBAVUTIL = [57, 28];

/**
 * Reads the banner of `ffmpeg -version`. Release builds say `5.1.6-0+deb12u1` or `n6.0`; builds from git say
 * `N-109542-g1bf1…` and are compared by their libavutil.
 *
 * @param {string} banner
 * @returns {{ version: string, supported: boolean } | undefined} undefined when this is no FFmpeg banner
 */
export function readFfmpegVersion(banner) {
  const version = /^ffmpeg version (\S+)/m.exec(banner)?.[1];
  if (version === undefined) return undefined;
  const release = /^n?(\d+)\.(\d+)/.exec(version);
  if (release) return { version, supported: isNotOlder(release, OLDEST_FFMPEG.split('.').map(Number)) };
  const library = /^\s*libavutil\s+(\d+)\.\s*(\d+)/m.exec(banner);
  return { version, supported: library !== null && isNotOlder(library, OLDEST_LIBAVUTIL) };
}

/**
 * @param {RegExpExecArray} match major and minor as its first two groups
 * @param {readonly number[]} oldest major, minor
 */
function isNotOlder(match, [oldMajor = 0, oldMinor = 0]) {
  const major = Number(match[1]);
  return major > oldMajor || (major === oldMajor && Number(match[2]) >= oldMinor);
}
