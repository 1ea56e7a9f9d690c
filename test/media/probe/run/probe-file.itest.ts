import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../../../src/media/probe/probe.ts';
import { countPackets, type ProbeOptions, probeFile } from '../../../../src/media/probe/run/probe-file.ts';
import { ffmpeg, h264, never, tone, tools, video } from '../../../support/media-tools.ts';

describe('probing a file', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const probe = (name: string, options: Partial<ProbeOptions> = {}): Promise<Probe> =>
    probeFile(at(name), { tools, signal: never, label: 'the clip', ...options });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-probe-'));
    await ffmpeg(...video(6), ...tone(6), ...h264, '-g', '50', '-c:a', 'aac', '-shortest', at('clip.mp4'));
    await ffmpeg('-i', at('clip.mp4'), '-c', 'copy', at('clip.mkv'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('reads streams, sizes, rates and hashes', async () => {
    expect(await probe('clip.mp4')).toMatchObject({
      duration: 6,
      video: [
        {
          codec: 'h264',
          width: 320,
          height: 180,
          frames: 150,
          frameRate: { num: 25, den: 1 },
          variableFrameRate: false,
        },
      ],
      audio: [{ codec: 'aac', sampleRate: 48_000, channels: 1 }],
    });
  });

  it('hashes equal codec data equally, across containers, and other data differently', async () => {
    await ffmpeg(...video(1, '640x360'), ...h264, at('other.mp4'));
    const hashes = await Promise.all(['clip.mp4', 'clip.mkv', 'other.mp4'].map((name) => probe(name)));
    const [first, copy, other] = hashes.map(({ video }) => video[0]?.extradataHash);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(copy).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each([
    [[0.5], [0, 2]],
    [[2], [0, 2]],
    [[3.9], [2, 4]],
    [[5.9], [4]],
    [
      [0, 5],
      [0, 4],
    ],
    [[100], [4]],
  ])('finds the key frames around %j', async (moments, wanted) => {
    const { keyframes } = await probe('clip.mp4', { keyframesNear: moments });
    expect(keyframes).toEqual(expect.arrayContaining(wanted));
    expect(keyframes).toEqual(keyframes?.toSorted((a, b) => a - b));
  });

  it('finds the next key frame far away', async () => {
    await ffmpeg(
      ...video(40, '64x64'),
      ...h264,
      '-g',
      '750',
      '-keyint_min',
      '750',
      '-sc_threshold',
      '0',
      at('rare.mp4'),
    );
    expect((await probe('rare.mp4', { keyframesNear: [10] })).keyframes).toEqual([0, 30]);
  });

  it('detects rotation, interlacing, variable frame rates and high bit depth', async () => {
    // FFmpeg counts this turn against the clock.
    await ffmpeg('-i', at('clip.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=270', at('turned.mp4'));
    await ffmpeg(
      ...video(1),
      '-c:v',
      'mpeg2video',
      '-flags',
      '+ilme+ildct',
      '-top',
      '1',
      '-vf',
      'setfield=tff',
      at('interlaced.mpg'),
    );
    await ffmpeg(...video(4), '-vf', "select='not(mod(n,3))+lt(n,30)'", '-fps_mode', 'vfr', ...h264, at('varying.mp4'));
    await ffmpeg(
      ...video(1),
      '-c:v',
      'libx265',
      '-x265-params',
      'log-level=none',
      '-pix_fmt',
      'yuv420p10le',
      at('deep.mp4'),
    );
    expect((await probe('turned.mp4')).video[0]).toMatchObject({ rotation: 90, width: 320 });
    expect((await probe('interlaced.mpg')).video[0]?.interlaced).toBe(true);
    expect((await probe('varying.mp4')).video[0]?.variableFrameRate).toBe(true);
    expect((await probe('deep.mp4')).video[0]).toMatchObject({ bitDepth: 10, pixelFormat: 'yuv420p10le' });
  });

  it('counts cover art separately from video', async () => {
    await ffmpeg(...video(1), '-frames:v', '1', at('cover.jpg'));
    const maps = ['-map', '0', '-map', '1', '-c', 'copy', '-disposition:v:1', 'attached_pic'];
    await ffmpeg('-i', at('clip.mp4'), '-i', at('cover.jpg'), ...maps, at('covered.mp4'));
    expect(await probe('covered.mp4')).toMatchObject({ coverArt: 1, video: [{ codec: 'h264' }] });
  });

  it('reads files with only video, audio or subtitles', async () => {
    await writeFile(at('words.srt'), '1\n00:00:01,000 --> 00:00:02,000\nHello\n');
    await ffmpeg(...tone(1), at('tone.wav'));
    expect((await probe('words.srt')).subtitles).toMatchObject([{ codec: 'subrip' }]);
    expect((await probe('tone.wav')).audio).toMatchObject([{ codec: 'pcm_s16le' }]);
  });

  it('takes a name for a name, whatever is in it', async () => {
    for (const name of ["a b'c;$(d)&.mp4", '%03d.mp4', '-i.mp4', 'ümlaut:colon.mp4', 'http:x.mp4']) {
      await writeFile(at(name), await readFile(at('clip.mp4')));
      expect((await probe(name)).duration).toBe(6);
    }
  });

  it.each([
    ['an empty file', '', 'INPUT_INVALID'],
    ['a text', 'just words\n'.repeat(50), 'INPUT_INVALID'],
    ['random bytes', Buffer.alloc(100_000, 'q8#\0~'), 'INPUT_INVALID'],
    ['a playlist', '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nclip.mp4\n#EXT-X-ENDLIST\n', 'INPUT_UNSUPPORTED'],
    ['a list for the concat demuxer', 'ffconcat version 1.0\nfile clip.mp4\n', 'INPUT_UNSUPPORTED'],
    [
      'a manifest',
      '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period/></MPD>',
      'INPUT_UNSUPPORTED',
    ],
    [
      'a session description',
      'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n',
      'INPUT_UNSUPPORTED',
    ],
  ])('rejects %s', async (_what, content, code) => {
    await writeFile(at('hostile.mp4'), content);
    await expect(probe('hostile.mp4')).rejects.toMatchObject({ code });
  });

  it('rejects a folder and a missing file', async () => {
    await expect(probe('.')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(probe('none.mp4')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('does not read a description without end', async () => {
    const flood = join(import.meta.dirname, '../../../fixtures/flooding-ffprobe.sh');
    await expect(probe('clip.mp4', { tools: { ...tools, ffprobe: flood } })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'Expected the description of the clip below 4 MB, got more',
    });
  });

  it('does not wait without end', async () => {
    const hanging = join(import.meta.dirname, '../../../fixtures/hanging-ffprobe.sh');
    const options = { tools: { ...tools, ffprobe: hanging }, timeoutMs: 200 };
    await expect(probe('clip.mp4', options)).rejects.toMatchObject({ code: 'INPUT_INVALID', message: /time limit/ });
    const reason = new Error('enough');
    await expect(probe('clip.mp4', { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('says that ffprobe is not there', async () => {
    const options = { tools: { ...tools, ffprobe: '/no/such/ffprobe' } };
    await expect(probe('clip.mp4', options)).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
  });

  it('counts packets of the first streams', async () => {
    const options = { tools, signal: never };
    expect(await countPackets(at('clip.mkv'), options)).toMatchObject({ video: 150 });
    await ffmpeg(...video(1), ...h264, at('silent.mp4'));
    expect(await countPackets(at('silent.mp4'), options)).toEqual({ video: 25 });
  });
});
