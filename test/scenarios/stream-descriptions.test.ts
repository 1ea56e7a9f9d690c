import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dashManifest } from '../../src/media/packaging/dash-manifest.ts';
import { iframePlaylist, masterPlaylist, mediaPlaylist, textPlaylist } from '../../src/media/packaging/hls-playlist.ts';
import { type PackagedMedia, type PackagedStream, targetDuration } from '../../src/media/packaging/packaged-stream.ts';
import type { StreamTrack } from '../../src/media/packaging/stream-plan.ts';
import { parsePlaylist, tagged, tagOf } from '../support/stream-set.ts';

const timescale = 90_000;

/** A track whose segments have these lengths in ticks and these bytes. */
function media(track: Partial<StreamTrack>, segments: readonly (readonly [number, number])[]): PackagedMedia {
  let start = 0;
  const facts = segments.map(([duration, bytes]) => {
    const segment = { start, duration, bytes, frames: 50 };
    start += duration;
    return segment;
  });
  const isVideo = track.kind !== 'audio';
  return {
    track: { id: 'video_a', kind: 'video', path: '/a.mp4', copied: false, ...track },
    timescale,
    codec: isVideo ? 'avc1.64001f' : 'mp4a.40.2',
    width: isVideo ? 1280 : 0,
    height: isVideo ? 720 : 0,
    frameRate: 25,
    segments: facts,
    keyframes: isVideo
      ? facts.map((segment, index) => ({ ...segment, segment: index + 1, offset: 24, bytes: 10 }))
      : [],
    independent: true,
  };
}

function stream(tracks: readonly PackagedMedia[], texts: PackagedStream['texts'] = []): PackagedStream {
  return {
    plan: {
      main: 'hls',
      prefix: 'u-1-',
      folder: '/stream',
      segmentSeconds: 6,
      duration: 14,
      tracks: tracks.map(({ track }) => track),
      variants: tracks
        .filter(({ track }) => track.kind === 'video')
        .map(({ track }) => ({ name: track.id, video: track.id, audio: 'audio' })),
    },
    media: tracks,
    texts,
  };
}

const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 * timescale }), fc.integer({ min: 1, max: 1e8 })), {
  minLength: 1,
  maxLength: 30,
});

describe('a media playlist', () => {
  it('is read back as its segments, none of which is longer than its target duration', () => {
    fc.assert(
      fc.property(lengths, (segments) => {
        const track = media({}, segments);
        const playlist = parsePlaylist(mediaPlaylist({ prefix: 'u-1-' }, track, targetDuration([track])));
        expect(playlist.segments.map(({ uri }) => uri)).toEqual(
          segments.map((_, index) => `u-1-video_a_${index + 1}.m4s`),
        );
        for (const [index, { duration }] of playlist.segments.entries()) {
          expect(Math.abs(duration - (segments[index]?.[0] ?? 0) / timescale)).toBeLessThan(1e-6);
          expect(Math.round(duration)).toBeLessThanOrEqual(Number(tagOf(playlist, 'EXT-X-TARGETDURATION')));
        }
        expect(tagOf(playlist, 'EXT-X-VERSION')).toBe('7');
        expect(playlist.tags.at(-1)?.name).toBe('EXT-X-ENDLIST');
      }),
    );
  });

  it('does not promise what a copied video does not keep', () => {
    const open = { ...media({ copied: true }, [[timescale, 5]]), independent: false };
    expect(mediaPlaylist({ prefix: '' }, open, 1)).not.toContain('INDEPENDENT');
    expect(masterPlaylist(stream([open]))).not.toContain('INDEPENDENT');
    expect(dashManifest(stream([open]))).not.toContain('startWithSAP');
  });

  it('of I frames has a byte range for each', () => {
    const playlist = parsePlaylist(
      iframePlaylist(
        { prefix: 'u-1-' },
        media({}, [
          [2 * timescale, 99],
          [timescale, 50],
        ]),
      ),
    );
    expect(playlist.segments).toEqual([
      { uri: 'u-1-video_a_1.m4s', duration: 2, range: { length: 10, offset: 24 } },
      { uri: 'u-1-video_a_2.m4s', duration: 1, range: { length: 10, offset: 24 } },
    ]);
    expect(tagOf(playlist, 'EXT-X-I-FRAMES-ONLY')).toBe('');
  });

  it('of text is the whole file', () => {
    const playlist = parsePlaylist(textPlaylist({ prefix: 'u-1-', duration: 13.7 }, 'text_1'));
    expect(playlist.segments).toEqual([{ uri: 'u-1-text_1.vtt', duration: 13.7 }]);
    expect(tagOf(playlist, 'EXT-X-TARGETDURATION')).toBe('14');
  });
});

describe('a master playlist', () => {
  const audio = media({ id: 'audio_1', kind: 'audio', group: 'audio', channels: 6, language: 'de' }, [
    [6 * timescale, 1000],
  ]);

  it('has video and audio in one variant, with the rates of both', () => {
    const playlist = parsePlaylist(
      masterPlaylist(stream([media({ dynamicRange: 'hlg' }, [[6 * timescale, 6000]]), audio])),
    );
    expect(playlist.variants).toEqual([
      {
        uri: 'u-1-video_a.m3u8',
        attributes: {
          BANDWIDTH: String(8000 + 1334),
          'AVERAGE-BANDWIDTH': String(8000 + 1334),
          CODECS: 'avc1.64001f,mp4a.40.2',
          RESOLUTION: '1280x720',
          'VIDEO-RANGE': 'HLG',
          'FRAME-RATE': '25.000',
          AUDIO: 'audio',
          'CLOSED-CAPTIONS': 'NONE',
        },
      },
    ]);
    expect(tagged(playlist, 'EXT-X-MEDIA')).toEqual([
      expect.objectContaining({ TYPE: 'AUDIO', NAME: 'German', LANGUAGE: 'de', DEFAULT: 'YES', CHANNELS: '6' }),
    ]);
  });

  it('has the peak rate of I frames without a very short last one', () => {
    const video = media({}, [
      [2 * timescale, 1000],
      [2 * timescale, 1000],
      [timescale / 25, 1000],
    ]);
    const [iframes] = tagged(parsePlaylist(masterPlaylist(stream([video]))), 'EXT-X-I-FRAME-STREAM-INF');
    expect(iframes).toMatchObject({ BANDWIDTH: '79', 'AVERAGE-BANDWIDTH': '60' });
  });

  it('stays one line per tag whatever a track is called', () => {
    const texts = [
      {
        track: { id: 'text_1', kind: 'text', path: '', copied: false, language: 'x"\n#EXT-X-ENDLIST' } as const,
        bytes: 5,
      },
    ];
    const playlist = parsePlaylist(masterPlaylist(stream([media({}, [[timescale, 1]])], texts)));
    expect(playlist.tags.map(({ name }) => name)).not.toContain('EXT-X-ENDLIST');
    expect(tagged(playlist, 'EXT-X-MEDIA')[0]).toMatchObject({ LANGUAGE: "x' #EXT-X-ENDLIST" });
  });
});

describe('a manifest of DASH', () => {
  it('says the time of every segment, equal ones in one entry', () => {
    const mpd = dashManifest(
      stream([
        media({}, [
          [180, 1],
          [180, 1],
          [180, 1],
          [90, 1],
        ]),
      ]),
    );
    expect(mpd.match(/<S .*\/>/g)).toEqual(['<S t="0" d="180" r="2"/>', '<S t="540" d="90"/>']);
    expect(mpd).toContain('media="u-1-video_a_$Number$.m4s"');
    expect(mpd).toContain('mediaPresentationDuration="PT0.007S"');
  });

  it('puts renditions that a player may switch between into one set', () => {
    const renditions = [media({ id: 'video_a' }, [[180, 1]]), media({ id: 'video_b' }, [[180, 1]])];
    const mpd = dashManifest(stream(renditions));
    expect(mpd.match(/<AdaptationSet /g)).toHaveLength(1);
    expect(mpd.match(/<Representation /g)).toHaveLength(2);
    expect(mpd).toContain('segmentAlignment="true"');
    const other = { ...media({ id: 'video_c' }, [[180, 1]]), codec: 'hvc1.1.6.L93.B0' };
    expect(dashManifest(stream([...renditions, other])).match(/<AdaptationSet /g)).toHaveLength(2);
  });

  it('is well-formed whatever a file says', () => {
    const hostile = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(hostile, (language) => {
        const mpd = dashManifest(
          stream([media({ id: 'audio_1', kind: 'audio', group: 'audio', language }, [[180, 1]])]),
        );
        const bare = mpd.replaceAll(/="[^"<]*"/g, '');
        expect(bare).not.toContain('"');
        expect(mpd.replaceAll(/&(amp|lt|gt|quot);/g, '')).not.toContain('&');
        expect((mpd.match(/<[A-Za-z]/g) ?? []).length).toBe((mpd.match(/<\/|\/>/g) ?? []).length);
      }),
    );
  });
});
