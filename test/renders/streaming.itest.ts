import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Output } from '../../src/model/job/output.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { StageResult } from '../../src/model/status/result.ts';
import { ffmpeg, makeClip } from '../support/media.ts';
import { attributesOf, type Playlist, parsePlaylist, tagged, tagOf } from '../support/stream-set.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';
import { runWorkerOn } from '../support/worker-run.ts';

const run = promisify(execFile);
const maxBuffer = 1 << 28;
const fast = { preset: 'performance' } as const;

const reported = z.object({
  plan: z.object({ notes: z.array(z.string()), steps: z.array(z.object({ argv: z.array(z.string()) })) }).optional(),
});

let bench: Bench;
let jobs = 0;

/** A published set and how it was made. */
interface StreamJob {
  readonly result: StageResult;
  readonly prefix: string;
  readonly notes: readonly string[];
  readonly argv: readonly string[];
  readonly path: (name: string) => string;
  readonly playlist: (name: string) => Promise<Playlist>;
}

async function job(input: string, output: Output, more: Partial<StageSpec> = {}): Promise<StreamJob> {
  jobs += 1;
  const spec = stageOf({
    identity: { namespace: 'default', name: 'job', uid: 'uid', attempt: jobs, stage: 'render' },
    inputs: [{ name: 'main', asset: input }],
    operations: [],
    output,
    ...more,
  });
  const { report, result } = await runWorkerOn(bench, spec);
  const prefix = `uid-${jobs}-`;
  const path = (name: string): string => join(bench.objects, `${prefix}${name}`);
  const { plan } = reported.parse(JSON.parse(report));
  expect(result.error, JSON.stringify(result.error)).toBeUndefined();
  return {
    result,
    prefix,
    notes: plan?.notes ?? [],
    argv: plan?.steps[0]?.argv ?? [],
    path,
    playlist: async (name) => parsePlaylist(await readFile(path(name), 'utf8')),
  };
}

/** What ffprobe prints for entries of a file or playlist. */
async function probed(path: string, entries: string, ...argv: readonly string[]): Promise<string[]> {
  const base = ['-v', 'error', ...argv, '-show_entries', entries, '-of', 'csv=p=0', path];
  const { stdout, stderr } = await run('ffprobe', base, { maxBuffer });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

/** Hashes of all decoded frames of a video, in their order. */
async function frameHashes(...input: readonly string[]): Promise<string[]> {
  const argv = ['-v', 'error', '-xerror', ...input, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
  const { stdout } = await run('ffmpeg', argv, { maxBuffer });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '');
}

const size = async (path: string): Promise<number> => (await stat(path)).size;
const nameOf = (set: StreamJob, uri: string): string => uri.slice(set.prefix.length);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

beforeAll(async () => {
  bench = await createBench();
  await makeClip(join(bench.objects, 'ntsc.mp4'), { seconds: 5, rate: '30000/1001', args: ['-g', '250'] });
  await makeClip(join(bench.objects, 'short.mp4'), { seconds: 2, rate: '25' });
  await makeClip(join(bench.objects, 'silent.mp4'), { seconds: 2, rate: '25', audio: false });
  // Its last packet reaches 56 ms beyond its end.
  await makeClip(join(bench.objects, 'tone.m4a'), {
    seconds: 5,
    sampleRate: 16_000,
    video: false,
    args: ['-c:a', 'aac'],
  });
});
afterAll(() => bench.close());

describe('a ladder of three renditions at 29.97 frames per second', () => {
  let set: StreamJob;
  const renditions = ['180p', '120p', '90p'];
  beforeAll(async () => {
    set = await job('ntsc.mp4', {
      container: 'hls',
      segmentDuration: 2,
      video: fast,
      audio: { codec: 'aac', bitrate: '96k' },
      renditions: renditions.map((name) => ({ name, video: { resolution: { height: Number.parseInt(name, 10) } } })),
    });
  });

  it('comes from one decode, with the audio encoded once', () => {
    expect(set.argv.filter((word) => word === '-i')).toHaveLength(1);
    expect(set.argv.filter((word) => word === 'libx264')).toHaveLength(3);
    expect(set.argv.filter((word) => word === 'aac')).toHaveLength(1);
    expect(set.argv.join(' ')).toContain('split=3');
  });

  it('is cut at the same frames in every rendition, each segment a whole number of them', async () => {
    for (const name of renditions) {
      const playlist = await set.playlist(`video_${name}.m3u8`);
      expect(playlist.segments.map(({ duration }) => duration)).toEqual([2.002, 2.002, 1.001]);
      expect(tagOf(playlist, 'EXT-X-TARGETDURATION')).toBe('2');
      expect(tagOf(playlist, 'EXT-X-PLAYLIST-TYPE')).toBe('VOD');
      expect(tagOf(playlist, 'EXT-X-ENDLIST')).toBe('');
      expect(tagged(playlist, 'EXT-X-MAP')).toEqual([{ URI: `${set.prefix}video_${name}_init.mp4` }]);
    }
    expect((await set.playlist('audio_1.m3u8')).segments.map(({ duration }) => duration.toFixed(1))).toEqual([
      '2.0',
      '2.0',
      '1.0',
    ]);
  });

  it('every segment starts with an IDR frame and decodes by itself to its frames of the whole', async () => {
    for (const name of renditions) {
      const playlist = await set.playlist(`video_${name}.m3u8`);
      const whole = await frameHashes('-i', set.path(`video_${name}.m3u8`));
      expect(whole).toHaveLength(150);
      const parts: string[] = [];
      for (const { uri } of playlist.segments) {
        const init = set.path(`video_${name}_init.mp4`);
        parts.push(...(await frameHashes('-i', `concat:${init}|${set.path(nameOf(set, uri))}`)));
      }
      expect(parts).toEqual(whole);
    }
  });

  it('the master playlist has the bandwidth of the segments', async () => {
    const master = await set.playlist('main.m3u8');
    expect(tagOf(master, 'EXT-X-INDEPENDENT-SEGMENTS')).toBe('');
    expect(master.variants.map(({ uri }) => uri)).toEqual(renditions.map((name) => `${set.prefix}video_${name}.m3u8`));
    const loadsOf = async (name: string): Promise<{ mean: number; peak: number }> => {
      const { segments } = await set.playlist(name);
      const bits = await Promise.all(segments.map(async ({ uri }) => 8 * (await size(set.path(nameOf(set, uri))))));
      // Less than half the target duration is no rate by itself (RFC 8216, section 4.1).
      const rates = segments.map(({ duration }, index) => (duration < 1 ? 0 : (bits[index] ?? 0) / duration));
      return { mean: sum(bits) / sum(segments.map(({ duration }) => duration)), peak: Math.max(...rates) };
    };
    const audio = await loadsOf('audio_1.m3u8');
    for (const [index, { attributes }] of master.variants.entries()) {
      const video = await loadsOf(`video_${renditions[index] ?? ''}.m3u8`);
      expect(Math.abs(Number(attributes['AVERAGE-BANDWIDTH']) - video.mean - audio.mean)).toBeLessThan(3);
      expect(Math.abs(Number(attributes['BANDWIDTH']) - video.peak - audio.peak)).toBeLessThan(3);
      expect(attributes).toMatchObject({ 'FRAME-RATE': '29.970', 'VIDEO-RANGE': 'SDR', AUDIO: 'audio' });
    }
    expect(master.variants.map(({ attributes }) => attributes['RESOLUTION'])).toEqual(['320x180', '214x120', '160x90']);
  });

  it('every range of an I-frame playlist is one frame that decodes, the one that the whole has there', async () => {
    for (const name of renditions) {
      const playlist = await set.playlist(`video_${name}_iframes.m3u8`);
      const whole = await frameHashes('-i', set.path(`video_${name}.m3u8`));
      expect(playlist.segments.map(({ duration }) => duration)).toEqual([2.002, 2.002, 1.001]);
      for (const [index, { uri, range }] of playlist.segments.entries()) {
        const init = await readFile(set.path(`video_${name}_init.mp4`));
        const segment = await readFile(set.path(nameOf(set, uri)));
        const [offset, length] = [range?.offset ?? 0, range?.length ?? 0];
        const alone = join(bench.dir, 'iframe.mp4');
        await writeFile(alone, Buffer.concat([init, segment.subarray(offset, offset + length)]));
        expect(await frameHashes('-i', alone)).toEqual([whole[index * 60]]);
      }
      expect(await frameHashes('-i', set.path(`video_${name}_iframes.m3u8`))).toHaveLength(3);
    }
    const iframes = tagged(await set.playlist('main.m3u8'), 'EXT-X-I-FRAME-STREAM-INF');
    expect(iframes.map(({ URI }) => URI)).toEqual(renditions.map((name) => `${set.prefix}video_${name}_iframes.m3u8`));
  });

  it('the manifest of DASH leads FFmpeg to the same frames', async () => {
    const stream = ['-i', set.path('main.mpd')];
    expect(await frameHashes(...stream)).toEqual(await frameHashes('-i', set.path('video_180p.m3u8')));
    const streams = await probed(set.path('main.mpd'), 'stream=codec_name,width');
    expect([...new Set(streams)].toSorted()).toEqual(['aac', 'h264,160', 'h264,214', 'h264,320']);
  });

  it('video and audio start together, in the playlists and in the manifest', async () => {
    for (const name of ['main.m3u8', 'main.mpd']) {
      const starts = await probed(set.path(name), 'stream=codec_type,start_time');
      // Audio starts with the priming of its decoder, which is skipped.
      for (const start of starts) expect(Math.abs(Number(start.split(',')[1])), start).toBeLessThan(0.022);
    }
  });

  it('reports the checks of every rendition', () => {
    const names = (set.result.checks ?? []).map(({ name, ok }) => `${name} ${ok}`);
    expect(names).toEqual(expect.arrayContaining(['segments true', 'codecs true', 'frames true', 'decodes true']));
    expect(set.result.outputs?.map(({ name, frames, segments }) => [name, frames, segments])).toEqual([
      ['main', undefined, undefined],
      ['main_dash', undefined, undefined],
      ...renditions.map((name) => [name, 150, 3]),
      ['audio_1', undefined, 3],
    ]);
    expect(Buffer.byteLength(JSON.stringify(set.result))).toBeLessThanOrEqual(4096);
  });
});

/** The expected `codecs` parameter of a stream, from what ffprobe reads in it. */
function expectedCodec(codec: string, profile: string, level: number): RegExp {
  switch (codec) {
    case 'h264': {
      const idc = { Baseline: '42', 'Constrained Baseline': '42', Main: '4d', High: '64' }[profile] ?? 'unknown';
      return new RegExp(`^avc1\\.${idc}[0-9a-f]{2}${level.toString(16).padStart(2, '0')}$`);
    }
    case 'hevc':
      return new RegExp(`^hvc1\\.${profile === 'Main 10' ? '2\\.4' : '1\\.6'}\\.L${level}\\.[0-9A-F.]+$`);
    case 'av1':
      return new RegExp(`^av01\\.0\\.${String(level).padStart(2, '0')}M\\.(08|10)(\\.|$)`);
    case 'vp9':
      return /^vp09\.00\.\d\d\.08$/;
    default:
      return new RegExp(`^${{ aac: 'mp4a\\.40\\.2', opus: 'Opus', flac: 'fLaC' }[codec] ?? 'unknown'}$`);
  }
}

describe('every codec', () => {
  it.each([
    ['h264', 'aac', {}],
    ['hevc', 'opus', {}],
    ['hevc', 'flac', { bitDepth: 10 }],
    ['av1', 'aac', {}],
    ['vp9', 'opus', {}],
  ] as const)('%s with %s has the name that players know it by', async (video, audio, settings) => {
    const set = await job('short.mp4', {
      container: 'dash',
      segmentDuration: 1,
      video: { ...fast, ...settings, codec: video },
      audio: { codec: audio },
    });
    const master = await set.playlist('main.m3u8');
    const [videoCodec = '', audioCodec = ''] = master.variants[0]?.attributes['CODECS']?.split(',') ?? [];
    const [name, profile = '', level] = (
      (await probed(set.path('video_main.m3u8'), 'stream=codec_name,profile,level'))[0] ?? ''
    ).split(',');
    expect(name).toBe(video);
    expect(videoCodec).toMatch(expectedCodec(video, profile, Number(level)));
    expect(audioCodec).toMatch(expectedCodec(audio, '', 0));
    expect(await readFile(set.path('main.mpd'), 'utf8')).toContain(`codecs="${videoCodec}"`);
    expect((await set.playlist('video_main.m3u8')).segments.map(({ duration }) => duration)).toEqual([1, 1]);
    expect(await frameHashes('-i', set.path('video_main.m3u8'))).toHaveLength(50);
    expect(set.result.outputs?.[0]).toMatchObject({ name: 'main', mediaType: 'application/dash+xml' });
  });

  it('keeps HDR and says so', async () => {
    const hdr = [
      '-pix_fmt',
      'yuv420p10le',
      '-color_primaries',
      'bt2020',
      '-color_trc',
      'smpte2084',
      '-colorspace',
      'bt2020nc',
    ];
    const encode = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-tag:v', 'hvc1'];
    await makeClip(join(bench.objects, 'hdr.mp4'), { seconds: 1, rate: '25', audio: false, args: [...encode, ...hdr] });
    const set = await job('hdr.mp4', { container: 'hls', video: { ...fast, codec: 'hevc' } });
    const master = await set.playlist('main.m3u8');
    expect(master.variants[0]?.attributes).toMatchObject({ 'VIDEO-RANGE': 'PQ' });
    expect(master.variants[0]?.attributes['CODECS']).toMatch(/^hvc1\.2\.4\./);
    expect(await readFile(set.path('main.mpd'), 'utf8')).toMatch(/cicp:TransferCharacteristics" value="16"/);
  });
});

describe('what a source may be', () => {
  it('audio alone is a variant of its own', async () => {
    const set = await job('tone.m4a', { container: 'hls', segmentDuration: 2 });
    const master = await set.playlist('main.m3u8');
    expect(master.variants.map(({ uri, attributes }) => [nameOf(set, uri), attributes['CODECS']])).toEqual([
      ['audio_1.m3u8', 'mp4a.40.2'],
    ]);
    expect(tagged(master, 'EXT-X-MEDIA')).toEqual([]);
    const { segments } = await set.playlist('audio_1.m3u8');
    expect(segments.map(({ duration }) => duration.toFixed(1))).toEqual(['2.0', '2.0', '1.0']);
    await ffmpeg('-i', set.path('main.m3u8'), '-f', 'null', '-');
    await ffmpeg('-i', set.path('main.mpd'), '-f', 'null', '-');
  });

  it('a video without audio is a variant without a group', async () => {
    const set = await job('silent.mp4', { container: 'hls', video: fast });
    const [variant] = (await set.playlist('main.m3u8')).variants;
    expect(variant?.attributes['AUDIO']).toBeUndefined();
    expect(variant?.attributes['CODECS']).toMatch(/^avc1\.[0-9a-f]{6}$/);
  });

  it('audio longer than the video has short segments, and so has the video', async () => {
    const [video, audio] = [join(bench.objects, 'silent.mp4'), join(bench.objects, 'tone.m4a')];
    await ffmpeg(
      '-i',
      video,
      '-i',
      audio,
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
      join(bench.objects, 'longer.mp4'),
    );
    const set = await job('longer.mp4', { container: 'hls', segmentDuration: 1, video: fast });
    const lengths = async (name: string): Promise<string[]> =>
      (await set.playlist(name)).segments.map(({ duration }) => duration.toFixed(1));
    expect(await lengths('video_main.m3u8')).toEqual(['1.0', '1.0']);
    expect(await lengths('audio_1.m3u8')).toEqual(['1.0', '1.0', '1.0', '1.0', '1.0']);
    expect(tagOf(await set.playlist('audio_1.m3u8'), 'EXT-X-TARGETDURATION')).toBe('1');
  });

  it('a clip that is shorter than a segment is one segment', async () => {
    const set = await job('short.mp4', { container: 'hls', segmentDuration: 20, video: fast });
    const playlist = await set.playlist('video_main.m3u8');
    expect(playlist.segments.map(({ duration }) => duration)).toEqual([2]);
    expect(tagOf(playlist, 'EXT-X-TARGETDURATION')).toBe('2');
  });

  it('one whose frame rate varies gets a constant one, and a word about it', async () => {
    const uneven = ['-vf', "setpts='if(lt(N,20),N/25,20/25+(N-20)/10)/TB'", '-fps_mode', 'vfr', '-c:v', 'libx264'];
    await makeClip(join(bench.objects, 'uneven.mp4'), { seconds: 2, rate: '25', audio: false, args: uneven });
    const set = await job('uneven.mp4', { container: 'hls', segmentDuration: 1, video: fast });
    expect(set.notes.join()).toMatch(/frame rate varies.* frames per second were chosen/);
    const { segments } = await set.playlist('video_main.m3u8');
    expect(new Set(segments.slice(0, -1).map(({ duration }) => duration))).toEqual(new Set([1]));
  });

  it('several languages become a choice, whatever their tags hold', async () => {
    const inputs = ['-i', join(bench.objects, 'silent.mp4'), '-i', join(bench.objects, 'tone.m4a'), '-t', '2'];
    const tracks = ['-map', '0:v', '-map', '1:a', '-map', '1:a', '-map', '1:a', '-c', 'copy'];
    const tags = [
      '-metadata:s:a:0',
      'language=ger',
      '-metadata:s:a:1',
      'language=eng',
      '-metadata:s:a:2',
      'language=x",\ny',
    ];
    await ffmpeg(...inputs, ...tracks, ...tags, join(bench.objects, 'languages.mkv'));
    const set = await job('languages.mkv', { container: 'hls', video: fast });
    const media = tagged(await set.playlist('main.m3u8'), 'EXT-X-MEDIA');
    expect(media.map(({ LANGUAGE, NAME, DEFAULT }) => [LANGUAGE, NAME, DEFAULT])).toEqual([
      ['de', 'German', 'YES'],
      ['en', 'English', 'NO'],
      [undefined, 'Audio', 'NO'],
    ]);
    await ffmpeg('-i', set.path('main.m3u8'), '-map', '0', '-f', 'null', '-');
    expect(await readFile(set.path('main.mpd'), 'utf8')).toMatch(/lang="de"[\s\S]*lang="en"/);
  });

  it('a copied video is cut at its own key frames', async () => {
    const set = await job('ntsc.mp4', { container: 'hls', segmentDuration: 2, video: { codec: 'copy' } });
    const playlist = await set.playlist('video_main.m3u8');
    const keys = (await probed(join(bench.objects, 'ntsc.mp4'), 'packet=flags', '-select_streams', 'v')).filter(
      (flags) => flags.startsWith('K'),
    );
    expect(playlist.segments.length).toBeLessThanOrEqual(keys.length);
    expect(await frameHashes('-i', set.path('video_main.m3u8'))).toEqual(
      await frameHashes('-i', join(bench.objects, 'ntsc.mp4')),
    );
    expect(set.result.acceleration?.backend).toBe('copy');
  });
});

describe('what a job may ask for', () => {
  it('subtitles as tracks are WebVTT beside the segments', async () => {
    const set = await job(
      'short.mp4',
      { container: 'hls', video: fast },
      {
        operations: [
          {
            subtitle: {
              mode: 'soft',
              language: 'fr',
              captions: [{ from: 500, to: 1500, text: 'Bonjour & <i>salut</i>' }],
            },
          },
        ],
      },
    );
    const master = await set.playlist('main.m3u8');
    expect(tagged(master, 'EXT-X-MEDIA').find(({ TYPE }) => TYPE === 'SUBTITLES')).toMatchObject({
      'GROUP-ID': 'text',
      NAME: 'French',
      LANGUAGE: 'fr',
    });
    expect(master.variants[0]?.attributes['SUBTITLES']).toBe('text');
    const text = await readFile(set.path('text_1.vtt'), 'utf8');
    expect(text).toMatch(/^WEBVTT\n/);
    expect(text).toMatch(/\n(00:)?00:00\.500 --> (00:)?00:01\.500\nBonjour/);
    expect((await set.playlist('text_1.m3u8')).uris).toEqual([`${set.prefix}text_1.vtt`]);
    expect(await readFile(set.path('main.mpd'), 'utf8')).toContain('mimeType="text/vtt"');
  });

  it('renditions with different audio have a group each', async () => {
    const set = await job('short.mp4', {
      container: 'hls',
      video: fast,
      audio: { codec: 'aac', bitrate: '128k' },
      renditions: [
        { name: 'high' },
        { name: 'mid', video: { resolution: { height: 120 } } },
        { name: 'low', video: { resolution: { height: 90 } }, audio: { bitrate: '32k', channels: 1 } },
        { name: 'voice', video: { codec: 'none' }, audio: { bitrate: '32k', channels: 1 } },
      ],
    });
    const master = await set.playlist('main.m3u8');
    expect(tagged(master, 'EXT-X-MEDIA').map((group) => [group['GROUP-ID'], group['CHANNELS']])).toEqual([
      ['audio-1', '2'],
      ['audio-2', '1'],
    ]);
    expect(master.variants.map(({ uri, attributes }) => [nameOf(set, uri), attributes['AUDIO']])).toEqual([
      ['video_high.m3u8', 'audio-1'],
      ['video_mid.m3u8', 'audio-1'],
      ['video_low.m3u8', 'audio-2'],
      ['audio_2.m3u8', 'audio-2'],
    ]);
    expect(set.argv.filter((word) => word === '-b:a')).toHaveLength(2);
  });

  it('a cut, another rate and a thumbnail go together with segments', async () => {
    const set = await job(
      'ntsc.mp4',
      {
        container: 'hls',
        segmentDuration: 1,
        video: { ...fast, keyframeInterval: 0.5 },
        renditions: [
          { name: 'smooth', video: { fps: 50 } },
          { name: 'plain', video: { fps: 25, resolution: { height: 90 } } },
        ],
      },
      { operations: [{ trim: { start: 0.5, end: 3 } }, { thumbnail: { poster: { at: 1 } } }] },
    );
    expect(set.result.outputs?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['main', 'smooth', 'plain', 'poster']),
    );
    for (const [name, frames] of [
      ['smooth', 125],
      ['plain', 63],
    ] as const) {
      const playlist = await set.playlist(`video_${name}.m3u8`);
      expect(playlist.segments.slice(0, 2).map(({ duration }) => duration.toFixed(2))).toEqual(['0.96', '0.96']);
      expect(Math.abs((await frameHashes('-i', set.path(`video_${name}.m3u8`))).length - frames)).toBeLessThanOrEqual(
        1,
      );
    }
    expect(await size(set.path('poster.jpg'))).toBeGreaterThan(0);
  });

  it('a rendition larger than the source is encoded, with a note', async () => {
    const set = await job('silent.mp4', {
      container: 'hls',
      video: fast,
      renditions: [{ name: 'big', video: { resolution: { height: 240 } } }, { name: 'source' }],
    });
    expect(set.notes.join()).toMatch(/big is larger \(426x240\) than its source \(320x180\)/);
  });

  it('attributes of a playlist are read back as they were written', () => {
    expect(attributesOf('A=1,B="x,y=z",C=3x4')).toEqual({ A: '1', B: 'x,y=z', C: '3x4' });
  });
});
