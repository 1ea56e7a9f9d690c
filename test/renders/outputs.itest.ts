import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { verifyOutput } from '../../src/media/verify/verify.ts';
import type { Output } from '../../src/model/job/output.ts';
import { test as base } from '../support/fixtures.ts';
import {
  clipOf,
  difference,
  ffmpeg,
  frameHashes,
  grayFrames,
  level,
  lossless,
  makeClip,
  probe,
  type Rendered,
  render,
  samples,
} from '../support/media.ts';

const whole = { x: 0, y: 0, width: 320, height: 180 };
const fast = { preset: 'performance' } as const;

const test = base.extend('clip', { scope: 'file' }, () => clipOf({ seconds: 2 }));

/** The output contract holds for what was really written. */
async function expectContract({ plan }: Rendered): Promise<void> {
  for (const output of plan.outputs) {
    const found = await probe(output.path);
    const frames = output.expect.video ? (await frameHashes(output.path)).length : 0;
    const checks = verifyOutput(output, {
      bytes: found.bytes,
      probe: found,
      videoPackets: frames,
      audioPackets: output.expect.audio ? 1 : 0,
    });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  }
}

describe('codecs and containers', () => {
  const rows: readonly (readonly [string, Output, string, string])[] = [
    ['h264 in mp4', { container: 'mp4', video: { codec: 'h264', quality: 30, ...fast } }, 'h264', 'aac'],
    ['hevc in mov', { container: 'mov', video: { codec: 'hevc', ...fast } }, 'hevc', 'aac'],
    [
      'hevc with 10 bits in mkv',
      { container: 'mkv', video: { codec: 'hevc', bitDepth: 10, ...fast }, audio: { codec: 'flac' } },
      'hevc',
      'flac',
    ],
    ['av1 in mp4', { container: 'mp4', video: { codec: 'av1', ...fast }, audio: { codec: 'opus' } }, 'av1', 'opus'],
    ['vp9 in webm', { container: 'webm', video: fast }, 'vp9', 'opus'],
    [
      'flac and mean bit rate in mp4',
      { container: 'mp4', video: { bitrate: '300k', ...fast }, audio: { codec: 'flac' } },
      'h264',
      'flac',
    ],
    ['mp3 in mkv', { container: 'mkv', audio: { codec: 'mp3', bitrate: '96k' } }, 'h264', 'mp3'],
  ];
  test.for(rows)(
    '%s passes the output contract',
    async ([_name, output, videoCodec, audioCodec], { scratch, clip }) => {
      const rendered = await render(scratch, { inputs: { clip }, output });
      const found = await probe(rendered.path());
      expect(found.video[0]?.codec).toBe(videoCodec);
      expect(found.audio[0]?.codec).toBe(audioCodec);
      await expectContract(rendered);
      const [before] = await grayFrames(clip);
      const [after] = await grayFrames(rendered.path());
      expect(difference(before, after, whole)).toBeLessThan(8);
    },
  );

  test('two passes keep to a target size', async ({ scratch }) => {
    const noise = await makeClip(`${scratch}/noise.mp4`, {
      seconds: 4,
      args: [
        '-vf',
        'noise=alls=40:allf=t',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-c:a',
        'aac',
        '-pix_fmt',
        'yuv420p',
      ],
    });
    for (const codec of ['h264', 'hevc', 'vp9'] as const) {
      const { plan, path } = await render(scratch, {
        inputs: { noise },
        output: { container: 'mkv', video: { codec, targetSize: 400_000, ...fast } },
      });
      expect(plan.steps.map(({ name }) => name)).toEqual(['pass 1', 'pass 2']);
      const { size } = await stat(path());
      expect(size).toBeGreaterThan(250_000);
      expect(size).toBeLessThan(460_000);
    }
  });

  test('renditions come from one decode, each of its size', async ({ scratch, clip }) => {
    const rendered = await render(scratch, {
      inputs: { clip },
      output: {
        video: { ...fast, quality: 28 },
        renditions: [
          { name: 'small', video: { resolution: { height: 90 } } },
          { name: 'square', video: { resolution: { width: 101, height: 101 }, fps: 15 } },
          { name: 'voice', video: { codec: 'none' } },
        ],
      },
    });
    expect(rendered.plan.steps).toHaveLength(1);
    expect(rendered.plan.steps[0]?.argv.filter((argument) => argument === '-i')).toHaveLength(1);
    expect((await probe(rendered.path('small'))).video[0]).toMatchObject({ width: 160, height: 90 });
    expect((await probe(rendered.path('square'))).video[0]).toMatchObject({
      width: 102,
      height: 102,
      frameRate: { num: 15, den: 1 },
    });
    expect((await probe(rendered.path('voice'))).video).toHaveLength(0);
    expect(rendered.output('voice')).toMatchObject({ kind: 'audio', extension: 'm4a', mediaType: 'audio/mp4' });
    await expectContract(rendered);
  });
});

describe('odd inputs', () => {
  test('rotated video is rotated by encoding and keeps its rotation when copied', async ({ scratch, clip }) => {
    const turned = `${scratch}/turned.mp4`;
    await ffmpeg('-i', clip, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', turned);
    const copied = await render(scratch, { inputs: { turned } });
    expect((await probe(copied.path())).video[0]?.rotation).toBe((await probe(turned)).video[0]?.rotation);
    await expectContract(copied);
    const encoded = await render(scratch, {
      inputs: { turned },
      operations: [{ transcode: { force: true } }],
      output: { video: fast },
    });
    expect((await probe(encoded.path())).video[0]).toMatchObject({ width: 180, height: 320, rotation: 0 });
    await expectContract(encoded);
  });

  test('pixels that are not square, odd sizes and interlacing are put right', async ({ scratch }) => {
    const wide = await makeClip(`${scratch}/wide.mkv`, {
      seconds: 1,
      size: '319x179',
      args: ['-vf', 'setsar=4/3', ...lossless.slice(0, -1), 'yuv444p'],
    });
    const anamorphic = await render(scratch, {
      inputs: { wide },
      output: { container: 'mp4', video: { codec: 'h264', quality: 20, ...fast } },
    });
    expect((await probe(anamorphic.path())).video[0]).toMatchObject({
      width: 424,
      height: 178,
      sampleAspectRatio: { num: 1, den: 1 },
      pixelFormat: 'yuv420p',
    });
    await expectContract(anamorphic);
    const fields = await makeClip(`${scratch}/fields.mkv`, {
      seconds: 1,
      args: ['-vf', 'interlace', '-c:v', 'libx264', '-flags', '+ildct+ilme', '-x264opts', 'tff=1', '-c:a', 'flac'],
    });
    expect((await probe(fields)).video[0]?.interlaced).toBe(true);
    const progressive = await render(scratch, { inputs: { fields }, output: { video: { quality: 20, ...fast } } });
    expect((await probe(progressive.path())).video[0]?.interlaced).toBe(false);
    expect(progressive.plan.steps[0]?.argv.join(' ')).toContain('bwdif');
    await expectContract(progressive);
  });

  test('a varying rate is kept, unless a rate is asked for', async ({ scratch, clip }) => {
    const varying = `${scratch}/varying.mp4`;
    await ffmpeg(
      '-i',
      clip,
      '-vf',
      "select='not(mod(n,3))+lt(n,20)'",
      '-fps_mode',
      'vfr',
      '-enc_time_base',
      '1:90000',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-c:a',
      'copy',
      varying,
    );
    expect((await probe(varying)).video[0]?.variableFrameRate).toBe(true);
    const kept = await render(scratch, { inputs: { varying }, output: { video: { quality: 20, ...fast } } });
    expect(await frameHashes(kept.path())).toHaveLength((await frameHashes(varying)).length);
    expect((await probe(kept.path())).duration).toBeCloseTo(2, 1);
    const even = await render(scratch, { inputs: { varying }, output: { video: { fps: 30, quality: 20, ...fast } } });
    expect(Math.abs((await frameHashes(even.path())).length - 60)).toBeLessThanOrEqual(3);
    const cut = await render(scratch, {
      inputs: { varying },
      operations: [{ trim: { start: 0.5, end: 1.5 } }],
      output: { video: fast },
    });
    expect((await probe(cut.path())).duration).toBeCloseTo(1, 1);
  });

  test('HDR is brought to SDR for a codec that cannot carry it, and keeps its tags where it can', async ({
    scratch,
  }) => {
    const hdr = `${scratch}/hdr.mkv`;
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=320x180:r=30:d=0.5',
      '-vf',
      'format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc',
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc',
      hdr,
    );
    expect((await probe(hdr)).video[0]).toMatchObject({ bitDepth: 10, colorTransfer: 'smpte2084' });
    const sdr = await render(scratch, {
      inputs: { hdr },
      output: { container: 'mp4', video: { codec: 'h264', ...fast } },
    });
    expect((await probe(sdr.path())).video[0]).toMatchObject({
      bitDepth: 8,
      colorTransfer: 'bt709',
      colorSpace: 'bt709',
      pixelFormat: 'yuv420p',
    });
    await expectContract(sdr);
    const kept = await render(scratch, { inputs: { hdr }, output: { video: { quality: 30, ...fast } } });
    expect((await probe(kept.path())).video[0]).toMatchObject({
      codec: 'hevc',
      bitDepth: 10,
      colorTransfer: 'smpte2084',
      colorPrimaries: 'bt2020',
    });
  });

  test('all audio tracks are kept by copying, and only the first where the audio is changed', async ({
    scratch,
    clip,
  }) => {
    const two = `${scratch}/two.mkv`;
    await ffmpeg(
      '-i',
      clip,
      '-f',
      'lavfi',
      '-i',
      'sine=f=900:d=2',
      '-map',
      '0',
      '-map',
      '1',
      '-c:v',
      'copy',
      '-c:a',
      'aac',
      two,
    );
    expect((await probe((await render(scratch, { inputs: { two } })).path())).audio).toHaveLength(2);
    const muted = await render(scratch, {
      inputs: { two },
      operations: [{ mute: { ranges: [{ start: 0, end: 1 }] } }],
    });
    expect((await probe(muted.path())).audio).toHaveLength(1);
    expect(muted.plan.notes.join()).toContain('first of 2 audio tracks');
  });

  test('six channels survive an edit and are mixed down on request', async ({ scratch }) => {
    const surround = await makeClip(`${scratch}/surround.mkv`, { seconds: 1, channels: '5.1', args: lossless });
    const edited = await render(scratch, {
      inputs: { surround },
      operations: [{ mute: { ranges: [{ start: 0, end: 0.5 }] } }],
    });
    expect((await probe(edited.path())).audio[0]).toMatchObject({ channels: 6, codec: 'flac' });
    const stereo = await render(scratch, {
      inputs: { surround },
      output: { audio: { channels: 2, codec: 'aac', sampleRate: 44_100 } },
    });
    expect((await probe(stereo.path())).audio[0]).toMatchObject({ channels: 2, sampleRate: 44_100, codec: 'aac' });
    expect(stereo.plan.backend).toBe('copy');
  });

  test('audio alone can be cut, joined and encoded; an image is rejected', async ({ scratch }) => {
    const song = await makeClip(`${scratch}/song.mp3`, { seconds: 3, video: false, args: [] });
    const cut = await render(scratch, {
      inputs: { song },
      operations: [{ trim: { start: 0.5, end: 2 } }, { merge: { append: ['song'] } }],
    });
    expect(cut.output()).toMatchObject({ kind: 'audio', extension: 'm4a' });
    expect(Math.abs((await samples(cut.path())).length / 48_000 - 4.5)).toBeLessThan(0.1);
    await expectContract(cut);
    await expect(
      render(scratch, {
        inputs: { song },
        operations: [{ blur: { regions: [{ x: 0, y: 0, width: 9, height: 9 }] } }],
      }),
    ).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED', details: [{ path: 'spec.operations[0].blur' }] });
  });

  test('a late start, cover art and chapters do not disturb a render', async ({ scratch, clip }) => {
    const cover = `${scratch}/cover.png`;
    await ffmpeg('-f', 'lavfi', '-i', 'color=red:s=64x64', '-frames:v', '1', cover);
    const chapters = `${scratch}/chapters.txt`;
    await writeFile(
      chapters,
      ';FFMETADATA1\ntitle=My film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n',
    );
    const late = `${scratch}/late.mp4`;
    await ffmpeg(
      '-itsoffset',
      '0.5',
      '-i',
      clip,
      '-i',
      cover,
      '-i',
      chapters,
      '-map',
      '1:v',
      '-map',
      '0',
      '-map_metadata',
      '2',
      '-map_chapters',
      '2',
      '-c',
      'copy',
      '-c:v:0',
      'png',
      '-disposition:v:0',
      'attached_pic',
      late,
    );
    const copied = await render(scratch, { inputs: { late } });
    const found = await probe(copied.path());
    expect(found).toMatchObject({ coverArt: 0, chapters: 1 });
    expect(found.video).toHaveLength(1);
    const cut = await render(scratch, {
      inputs: { late },
      operations: [{ trim: { start: 1, end: 2 } }],
      output: { video: fast },
    });
    expect((await probe(cut.path())).chapters).toBe(0);
    await expectContract(cut);
    const text = (await readFile(cut.path())).toString('latin1');
    expect(text).toContain('My film');
    expect(text).not.toContain(scratch);
  });

  test('subtitle tracks are kept with the video, and follow a cut', async ({ scratch, clip }) => {
    const srt = `${scratch}/kept.srt`;
    await writeFile(srt, '1\n00:00:00,200 --> 00:00:00,600\nEarly\n\n2\n00:00:01,500 --> 00:00:01,900\nLate\n');
    const titled = `${scratch}/titled.mkv`;
    await ffmpeg(
      '-i',
      clip,
      '-i',
      srt,
      '-map',
      '0',
      '-map',
      '1',
      '-c',
      'copy',
      '-c:s',
      'srt',
      '-metadata:s:s:0',
      'language=fre',
      titled,
    );
    const { path } = await render(scratch, {
      inputs: { titled },
      operations: [{ trim: { start: 1 } }],
      output: { container: 'mp4', video: fast },
    });
    expect((await probe(path())).subtitles[0]).toMatchObject({ codec: 'mov_text', language: 'fre' });
    await ffmpeg('-i', path(), '-map', '0:s:0', `${scratch}/back.srt`);
    const back = await readFile(`${scratch}/back.srt`, 'utf8');
    expect(back).toMatch(/00:00:00,(49|5[0-3])\d --> 00:00:00,(89|9[0-3])\d\nLate/);
    expect(back).not.toContain('Early');
  });

  test('audio that starts late stays in sync with the video', async ({ scratch, clip }) => {
    const lagging = `${scratch}/lagging.mkv`;
    await ffmpeg(
      '-i',
      clip,
      '-itsoffset',
      '0.5',
      '-f',
      'lavfi',
      '-i',
      'sine=f=440:d=1:r=48000',
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c:v',
      'copy',
      '-c:a',
      'flac',
      lagging,
    );
    const { path } = await render(scratch, {
      inputs: { lagging },
      operations: [{ mute: { ranges: [{ start: 1, end: 1.2 }] } }],
    });
    const audio = await samples(path(), 48_000);
    expect(level(audio, 0, 0.49)).toBeLessThan(0.001);
    expect(level(audio, 0.52, 0.98)).toBeGreaterThan(0.05);
    expect(level(audio, 1.01, 1.19)).toBeLessThan(0.001);
  });
});
