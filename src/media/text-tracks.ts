import type { TextTrack } from './timeline.ts';

/** Subtitle tracks after the timeline was cut to a range; tracks that lie outside of it are dropped. */
export function cutTracks(tracks: readonly TextTrack[], start: number, end: number): TextTrack[] {
  return tracks
    .filter((track) => track.delay < end && track.end > start)
    .map((track) => ({
      ...track,
      skip: track.skip + Math.max(0, start - track.delay),
      delay: Math.max(0, track.delay - start),
      end: Math.min(end, track.end) - start,
    }));
}

/** Subtitle tracks after something was put before the timeline. */
export function delayTracks(tracks: readonly TextTrack[], seconds: number): TextTrack[] {
  return tracks.map((track) => ({ ...track, delay: track.delay + seconds, end: track.end + seconds }));
}
