import type { Caption } from '../../model/job/operations.ts';
import { copyInput } from '../planning/clip.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { TextTrack, Timeline } from '../planning/timeline.ts';
import { containerName, type FileContainer, subtitleCodec, textCodec } from '../probe/containers.ts';
import { languageTag } from '../probe/language.ts';
import { toSubRip, toWebVtt } from './captions.ts';
import type { CopiedStream } from './command.ts';

export interface SubtitleStreams {
  readonly streams: readonly CopiedStream[];
  readonly args: readonly string[];
  /** The same one by one. */
  readonly tracks: readonly WrittenSubtitle[];
}

/** A track of text and how it is written. */
export interface WrittenSubtitle {
  readonly stream: CopiedStream;
  readonly codec: string;
  readonly language?: string | undefined;
  /** Starts before the timeline does. */
  readonly cut: boolean;
  /** FFmpeg's name for the form it had, where it comes from a film. */
  readonly form?: string;
}

export const noSubtitles: SubtitleStreams = { streams: [], args: [], tracks: [] };

/** Text from before a cut has a time below 0, for which a muxer would move video and audio to later times. */
const withoutPast = String.raw`noise=amount=0:drop=lt(pts\,0)`;

/** Subtitle tracks of an output: those of the first input, and those that operations have added. */
export function subtitleStreams(builder: PlanBuilder, timeline: Timeline, container: FileContainer): SubtitleStreams {
  const kept = keptSubtitles(builder, timeline, container);
  const added = timeline.tracks.map((track) => ({
    stream: {
      from: 'copy' as const,
      input: {
        path: 'path' in track.text ? track.text.path : writeCaptions(builder, track.text, container),
        options: [
          '-protocol_whitelist',
          'file',
          ...(track.delay > 0 ? ['-itsoffset', track.delay.toFixed(3)] : []),
          ...(track.skip > 0 ? ['-ss', track.skip.toFixed(3)] : []),
          '-t',
          (track.end - track.delay).toFixed(3),
        ],
        instance: -1,
      },
      specifier: 'path' in track.text && track.text.stream !== undefined ? String(track.text.stream) : 's:0',
    },
    // Text that is in the form of the container already is not run through a converter.
    codec: subtitleCodec(container, codecOfText(track, container)) ?? textCodec(container),
    language: track.language,
    cut: track.skip > 0,
  }));
  const tracks = [...kept, ...added];
  const fonts = container === 'mkv' ? fontsOf(kept) : undefined;
  return {
    streams: [...tracks.map(({ stream }) => stream), ...(fonts === undefined ? [] : [fonts])],
    args: [...subtitleArguments(tracks), ...(fonts === undefined ? [] : ['-c:t', 'copy'])],
    tracks,
  };
}

/** The attachments of a film whose styled texts are kept: they are the fonts of these texts. */
function fontsOf(kept: readonly WrittenSubtitle[]): CopiedStream | undefined {
  const styled = kept.find(({ form }) => form === 'ass' || form === 'ssa');
  return styled && { ...styled.stream, specifier: 't?' };
}

/** How tracks of text are written, as the arguments of one output that has them all. */
export function subtitleArguments(tracks: readonly WrittenSubtitle[]): string[] {
  return tracks.flatMap(({ codec, language, cut }, index) => [
    `-c:s:${index}`,
    codec,
    ...(cut ? [`-bsf:s:${index}`, withoutPast] : []),
    ...(language === undefined ? [] : [`-metadata:s:s:${index}`, `language=${languageTag(language)}`]),
  ]);
}

/** FFmpeg's name for the form a track's text is written in. */
function codecOfText({ text }: TextTrack, container: FileContainer): string {
  if ('path' in text) return text.codec;
  return writesWebVtt(container) ? 'webvtt' : 'subrip';
}

function writesWebVtt(container: FileContainer): boolean {
  return container === 'webm' || container === 'cmaf';
}

/** WebVTT is kept as it is by WebM and beside segments; the others read SubRip best. */
function writeCaptions(
  builder: PlanBuilder,
  { name, captions }: { readonly name: string; readonly captions: readonly Caption[] },
  container: FileContainer,
): string {
  return writesWebVtt(container)
    ? builder.write(`${name}.vtt`, toWebVtt(captions))
    : builder.write(`${name}.srt`, toSubRip(captions));
}

/** Subtitle tracks of the first input, as far as their times still fit and the container can hold them. */
function keptSubtitles(builder: PlanBuilder, { clip, retimed }: Timeline, container: FileContainer): WrittenSubtitle[] {
  const { output, inputs } = builder.request.spec;
  const first = builder.request.probes.get(inputs[0]?.name ?? '');
  if (output.subtitles === 'drop' || first === undefined || first.subtitles.length === 0) return [];
  if (clip === undefined || retimed) {
    builder.note('Subtitle tracks of the first input were dropped, because its timeline was changed.');
    return [];
  }
  const input = copyInput(clip);
  const cut = (clip.window?.start ?? 0) > 0;
  return clip.probe.subtitles.flatMap(({ index, codec, language }) => {
    const written = subtitleCodec(container, codec);
    if (written === undefined) {
      builder.note(`A subtitle track (${codec}) was dropped, because ${containerName(container)} cannot hold it.`);
      return [];
    }
    return [
      {
        stream: { from: 'copy' as const, input, specifier: String(index) },
        codec: written,
        form: codec,
        language,
        cut,
      },
    ];
  });
}
