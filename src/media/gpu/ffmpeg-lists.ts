import { type RateControl, rateControls } from './capabilities.ts';

/** Major and minor version of a release. */
export type FfmpegVersion = readonly [major: number, minor: number];

/** libavcodec's major version of each release from 5.0, for builds that name a commit and no version. */
const releaseOfLibavcodec: Readonly<Record<number, FfmpegVersion>> = { 59: [5, 1], 60: [6, 0], 61: [7, 0], 62: [8, 0] };

/** The version in what `ffmpeg -version` prints: `5.1.9-0+deb12u1`, `n7.1`, or that of its libavcodec. */
export function parseFfmpegVersion(text: string): { readonly version: string; readonly ffmpeg: FfmpegVersion } {
  const version = /^ffmpeg version (\S+)/m.exec(text)?.[1] ?? 'unknown';
  const named = /^n?(\d+)\.(\d+)/.exec(version);
  if (named !== null) return { version, ffmpeg: [Number(named[1]), Number(named[2])] };
  const library = Number(/libavcodec\s+(\d+)\./.exec(text)?.[1] ?? 0);
  // Commits after the newest known release have at least what that release has.
  return { version, ffmpeg: releaseOfLibavcodec[library] ?? (library > 62 ? [8, 0] : [0, 0]) };
}

/** Names in a listing such as that of `ffmpeg -encoders` or `-filters`: flags, a name, a description. */
export function parseNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const name = /^ [A-Z.|]{2,7} +([A-Za-z0-9_-]+) +\S/.exec(line)?.[1];
    if (name !== undefined) names.add(name);
  }
  return names;
}

/**
 * The rate controls of a VA driver in the log, at level debug, of a process that opened an encoder on it; `undefined` when
 * it does not say.
 */
export function parseRateControls(log: string): readonly RateControl[] | undefined {
  // Of a driver that lists none FFmpeg uses no other.
  if (log.includes('assuming CQP only')) return ['CQP'];
  const listed = /Driver supports RC modes ([A-Z, ]+)\./.exec(log)?.[1]?.split(', ');
  return listed && rateControls.filter((control) => listed.includes(control));
}
