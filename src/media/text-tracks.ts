import type { Caption } from '../model/operations.ts';
import type { TextTrack } from './timeline.ts';

/** Subtitle tracks after the timeline was cut to a range; tracks that lie outside of it are dropped. */
export function cutTracks(tracks: readonly TextTrack[], start: number, end: number): TextTrack[] {
  return tracks.flatMap((track) => {
    if (track.delay >= end || track.end <= start) return [];
    const range = { delay: Math.max(0, track.delay - start), end: Math.min(end, track.end) - start };
    const { text } = track;
    if ('path' in text) return [{ ...track, ...range, skip: track.skip + Math.max(0, start - track.delay) }];
    const captions = moved(text.captions, -start, end - start);
    return captions.length === 0 ? [] : [{ ...track, ...range, text: { ...text, captions } }];
  });
}

/** Subtitle tracks after something was put before the timeline. */
export function delayTracks(tracks: readonly TextTrack[], seconds: number): TextTrack[] {
  return tracks.map((track) => {
    const { text } = track;
    const end = track.end + seconds;
    if ('path' in text) return { ...track, delay: track.delay + seconds, end };
    return { ...track, end, text: { ...text, captions: moved(text.captions, seconds, end) } };
  });
}

/** Captions moved by seconds; what falls before 0 or after the end is cut off. */
function moved(captions: readonly Caption[], seconds: number, end: number): Caption[] {
  const shift = Math.round(seconds * 1000);
  const last = Math.round(end * 1000);
  return captions
    .map((caption) => ({ ...caption, from: Math.max(0, caption.from + shift), to: Math.min(last, caption.to + shift) }))
    .filter(({ from, to }) => to > from);
}
