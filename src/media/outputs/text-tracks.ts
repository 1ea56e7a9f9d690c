import type { Caption } from '../../model/job/operations.ts';
import { outTime, type SpeedPiece } from '../filters/speed-curve.ts';
import type { TextTrack } from '../planning/timeline.ts';
import { type MoveText, rewriteTextTimes } from './text-times.ts';

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

/** Subtitle tracks after clips were put before the timeline. */
export function delayTracks(tracks: readonly TextTrack[], seconds: number): TextTrack[] {
  return tracks.map((track) => {
    const { text } = track;
    const end = track.end + seconds;
    if ('path' in text) return { ...track, delay: track.delay + seconds, end };
    return { ...track, end, text: { ...text, captions: moved(text.captions, seconds, end) } };
  });
}

/** A track whose times cannot be changed: a stream of a media file, or a text file that is too large. */
export function isFixed({ text }: TextTrack): boolean {
  return 'path' in text && text.source === undefined;
}

/**
 * Subtitle tracks after the speed was changed: every text stays with its frames.
 *
 * @param write Adds a changed file to the plan and returns its path.
 */
export function retimeTracks(
  tracks: readonly TextTrack[],
  curve: readonly SpeedPiece[],
  write: (content: string, format: string) => string,
): TextTrack[] {
  return tracks.map((track) => {
    const { text, skip, delay } = track;
    const end = outTime(curve, track.end);
    if (!('path' in text)) return { ...track, end, text: { ...text, captions: text.captions.map(retimed(curve)) } };
    if (text.source === undefined) return track;
    const move: MoveText = (from, to) => {
      const [start, stop] = [Math.max(0, from - skip + delay), Math.min(track.end, to - skip + delay)];
      return stop > start ? [outTime(curve, start), outTime(curve, stop)] : undefined;
    };
    const { format } = text.source;
    const content = rewriteTextTimes(text.source.content, format, move);
    const changed = { ...text, path: write(content, format), source: { content, format } };
    return { ...track, skip: 0, delay: 0, end, text: changed };
  });
}

function retimed(curve: readonly SpeedPiece[]): (caption: Caption) => Caption {
  const at = (milliseconds: number): number => Math.round(outTime(curve, milliseconds / 1000) * 1000);
  return (caption) => {
    const from = at(caption.from);
    // However fast it plays, no text is lost.
    return { ...caption, from, to: Math.max(from + 1, at(caption.to)) };
  };
}

/** Captions moved by seconds; what falls before 0 or after the end is cut off. */
function moved(captions: readonly Caption[], seconds: number, end: number): Caption[] {
  const shift = Math.round(seconds * 1000);
  const last = Math.round(end * 1000);
  return captions
    .map((caption) => ({ ...caption, from: Math.max(0, caption.from + shift), to: Math.min(last, caption.to + shift) }))
    .filter(({ from, to }) => to > from);
}
