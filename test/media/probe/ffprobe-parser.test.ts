import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProbe } from '../../../src/media/probe/ffprobe-parser.ts';
import type { Probe, VideoStream } from '../../../src/media/probe/probe.ts';

const hash = 'b5de69512a54017a60b7770a2b69f80f82163837515d51e5f43837e3ece73e28';

function parse(document: object): Probe {
  return parseProbe('/clip', JSON.stringify(document));
}

function video(stream: object): VideoStream {
  const [first] = parse({ streams: [{ codec_type: 'video', ...stream }] }).video;
  if (first === undefined) throw new Error('Expected a video stream');
  return first;
}

describe('the description by ffprobe', () => {
  it('becomes a probe', () => {
    const probe = parse({
      format: {
        format_name: 'mov,mp4',
        duration: '5.000000',
        start_time: '0.040000',
        size: '196221',
        bit_rate: '313953',
      },
      chapters: [{ id: 1 }, { id: 2 }],
      streams: [
        {
          index: 0,
          codec_type: 'video',
          codec_name: 'h264',
          profile: 'High',
          width: 320,
          height: 180,
          has_b_frames: 2,
          sample_aspect_ratio: '4:3',
          pix_fmt: 'yuv420p',
          field_order: 'progressive',
          r_frame_rate: '25/1',
          avg_frame_rate: '25/1',
          time_base: '1/12800',
          start_time: '0.040000',
          duration: '5.000000',
          bit_rate: '235331',
          nb_frames: '125',
          extradata_hash: `SHA256:${hash}`,
          color_space: 'bt709',
          tags: { language: 'und' },
        },
        {
          index: 1,
          codec_type: 'audio',
          codec_name: 'aac',
          sample_rate: '44100',
          channels: 2,
          channel_layout: 'stereo',
          time_base: '1/44100',
          tags: { language: 'deu' },
        },
        { index: 2, codec_type: 'subtitle', codec_name: 'mov_text', tags: { language: 'eng' } },
        { index: 3, codec_type: 'video', codec_name: 'mjpeg', disposition: { attached_pic: 1 } },
        { index: 4, codec_type: 'data' },
      ],
    });
    expect(probe).toEqual({
      path: '/clip',
      format: 'mov,mp4',
      duration: 5,
      startTime: 0.04,
      bytes: 196_221,
      bitrate: 313_953,
      coverArt: 1,
      chapters: 2,
      video: [
        {
          index: 0,
          codec: 'h264',
          profile: 'High',
          width: 320,
          height: 180,
          rotation: 0,
          sampleAspectRatio: { num: 4, den: 3 },
          pixelFormat: 'yuv420p',
          bitDepth: 8,
          frameRate: { num: 25, den: 1 },
          variableFrameRate: false,
          timeBase: { num: 1, den: 12_800 },
          frames: 125,
          duration: 5,
          startTime: 0.04,
          interlaced: false,
          colorSpace: 'bt709',
          bitrate: 235_331,
          extradataHash: hash,
          hasBFrames: 2,
        },
      ],
      audio: [
        {
          index: 1,
          codec: 'aac',
          sampleRate: 44_100,
          channels: 2,
          channelLayout: 'stereo',
          startTime: 0,
          timeBase: { num: 1, den: 44_100 },
          language: 'deu',
        },
      ],
      subtitles: [{ index: 2, codec: 'mov_text', language: 'eng' }],
    });
  });

  it.each([
    [-90, 90],
    [90, 270],
    [180, 180],
    [-180, 180],
    [-270, 270],
    [0, 0],
    [-89.6, 90],
    [360, 0],
  ] as const)('turns %d degrees against the clock into %d with it', (rotation, clockwise) => {
    expect(video({ side_data_list: [{ side_data_type: 'Display Matrix', rotation }] }).rotation).toBe(clockwise);
  });

  it('reads the turn from the tag that older files have', () => {
    expect(video({ tags: { rotate: '270' } }).rotation).toBe(270);
  });

  it.each([
    ['a mirror image', ['65536 0 0', '0 -65536 0'], 0, 0, true],
    ['a diagonal', ['0 65536 0', '65536 0 0'], -90, 90, true],
    ['a quarter', ['0 65536 0', '-65536 0 0'], -90, 90, undefined],
    ['an eighth', ['46341 46341 0', '-46341 46341 0'], -45, 0, true],
    ['nothing', ['65536 0 0', '0 65536 0'], 0, 0, undefined],
    ['nonsense', ['a b c'], 0, 0, undefined],
  ] as const)('are %s according to the display matrix', (_what, rows, rotation, turn, warped) => {
    const displaymatrix = `\n${rows.map((row, index) => `0000000${index}: ${row}\n`).join('')}`;
    const found = video({ side_data_list: [{ side_data_type: 'Display Matrix', displaymatrix, rotation }] });
    expect(found.rotation).toBe(turn);
    expect(found.warped).toBe(warped);
  });

  it.each([
    ['yuv420p', undefined, 8],
    ['yuv420p10le', undefined, 10],
    ['yuv422p12be', undefined, 12],
    ['p010le', undefined, 10],
    ['gray10le', undefined, 10],
    ['gbrp16le', undefined, 16],
    ['nv12', '8', 8],
    ['unknown', '10', 10],
    ['yuv410p', undefined, 8],
    ['yuv440p', undefined, 8],
  ])('knows the bits of %s (raw %s): %i', (pix_fmt, bits_per_raw_sample, bits) => {
    expect(video({ pix_fmt, bits_per_raw_sample }).bitDepth).toBe(bits);
  });

  it.each([
    ['25/1', '25/1', 'progressive', false],
    ['30000/1001', '2997/100', 'progressive', false],
    ['60/1', '2412/101', 'progressive', true],
    ['90000/1', '25/1', 'progressive', true],
    ['50/1', '25/1', 'tt', false],
    ['50/1', '25/1', 'progressive', true],
    ['0/0', '0/0', 'progressive', false],
  ])('nominal %s against mean %s, %s: varying %s', (r_frame_rate, avg_frame_rate, field_order, varies) => {
    expect(video({ r_frame_rate, avg_frame_rate, field_order }).variableFrameRate).toBe(varies);
  });

  it('finds durations and bit rates in the tags of Matroska', () => {
    const tags = { DURATION: '01:00:10.500000000', 'BPS-eng': '4000', NUMBER_OF_FRAMES: '90262' };
    expect(video({ tags })).toMatchObject({ duration: 3610.5, bitrate: 4000, frames: 90_262 });
  });

  it('takes the longest stream where the file has no duration', () => {
    const streams = [
      { codec_type: 'video', duration: '3.5' },
      { codec_type: 'audio', duration: '4.25' },
    ];
    expect(parse({ format: { duration: 'N/A' }, streams }).duration).toBe(4.25);
  });

  it('bounds texts that come from the file', () => {
    const language = 'x'.repeat(1_000_000);
    expect(video({ tags: { language } }).language).toHaveLength(200);
  });

  it('gives a probe with finite numbers for any JSON object, and an error for anything else', () => {
    const stream = fc.record(
      {
        codec_type: fc.constantFrom('video', 'audio', 'subtitle', 'attachment'),
        index: fc.jsonValue(),
        width: fc.jsonValue(),
        duration: fc.jsonValue(),
        avg_frame_rate: fc.oneof(fc.jsonValue(), fc.constantFrom('0/0', '1/0', '-1/1', '1e400/1')),
        side_data_list: fc.jsonValue(),
        tags: fc.jsonValue(),
        disposition: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.record({ format: fc.jsonValue(), streams: fc.oneof(fc.jsonValue(), fc.array(stream)) })),
        (document) => {
          const probe = parse(document);
          expect(JSON.stringify(probe)).not.toMatch(/:(null|NaN|Infinity)/);
        },
      ),
    );
    for (const text of ['', '[]', '1', 'null', '{']) expect(() => parseProbe('/clip', text)).toThrow(SyntaxError);
  });
});
