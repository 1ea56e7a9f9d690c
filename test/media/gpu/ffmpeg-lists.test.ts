import { describe, expect, it } from 'vitest';
import { parseFfmpegVersion, parseNames, parseRateControls } from '../../../src/media/gpu/ffmpeg-lists.ts';

describe('the version of FFmpeg', () => {
  it.each([
    ['ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026', [5, 1]],
    ['ffmpeg version n7.1 Copyright', [7, 1]],
    ['ffmpeg version 8.0 Copyright', [8, 0]],
    ['ffmpeg version N-118000-gabcdef Copyright\nlibavcodec     61. 19.100 / 61. 19.100', [7, 0]],
    ['ffmpeg version git-2030-01-01 Copyright\nlibavcodec     70.  1.100 / 70.  1.100', [8, 0]],
    ['something else', [0, 0]],
  ])('of %j', (text, version) => {
    expect(parseFfmpegVersion(text).ffmpeg).toEqual(version);
  });
});

describe('the names in a listing', () => {
  it('are those of encoders and filters, not of the legend', () => {
    const encoders =
      'Encoders:\n V..... = Video\n ------\n V....D libx264              H.264 (codec h264)\n A..... aac   AAC\n';
    const filters =
      'Filters:\n  T.. = Timeline support\n TSC gblur             V->V       Apply Gaussian Blur filter.\n ... anull             A->A       Pass\n';
    const newer = ' T. scale             V->V       Scale\n';
    expect([...parseNames(encoders)]).toEqual(['libx264', 'aac']);
    expect([...parseNames(filters)]).toEqual(['gblur', 'anull']);
    expect([...parseNames(newer)]).toEqual(['scale']);
  });
});

describe('the rate controls of a VA driver', () => {
  it('are those that the log lists, as far as they are known', () => {
    const log = 'a\n[h264_vaapi @ 0x5] Driver supports RC modes CQP, CBR, VBR, QVBR, TCBRC.\nb';
    expect(parseRateControls(log)).toEqual(['CQP', 'CBR', 'VBR', 'QVBR']);
  });

  it('are constant quantizers alone where the driver lists none', () => {
    const log = 'Driver does not report any supported rate control modes: assuming CQP only.';
    expect(parseRateControls(log)).toEqual(['CQP']);
  });

  it('are not known where the log says nothing of them', () => {
    expect(parseRateControls('')).toBeUndefined();
  });
});
