import { describe, expect, it } from 'vitest';
import { readFfmpegVersion } from '../../../scripts/bootstrap/ffmpeg-version.mjs';

describe('readFfmpegVersion', () => {
  it.each([
    [
      'Debian 12',
      'ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024 the FFmpeg developers',
      '5.1.6-0+deb12u1',
      true,
    ],
    ['Ubuntu 22.04', 'ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright', '4.4.2-0ubuntu0.22.04.1', false],
    ['5.0', 'ffmpeg version 5.0.1 Copyright', '5.0.1', false],
    ['a tag of the git repository', 'ffmpeg version n7.1-153-gaeb8631048 Copyright', 'n7.1-153-gaeb8631048', true],
    ['a major version of two digits', 'ffmpeg version 10.0 Copyright', '10.0', true],
    [
      'a git build that is new enough by its libavutil',
      'ffmpeg version N-109542-g1bf1 Copyright\nlibavutil      57. 43.100 / 57. 43.100',
      'N-109542-g1bf1',
      true,
    ],
    [
      'a git build that is too old by its libavutil',
      'ffmpeg version N-100000-g1bf1 Copyright\nlibavutil      56. 60.100 / 56. 60.100',
      'N-100000-g1bf1',
      false,
    ],
    [
      'a git build that does not report its libraries',
      'ffmpeg version N-109542-g1bf1 Copyright',
      'N-109542-g1bf1',
      false,
    ],
  ])('judges %s', (_case, banner, version, supported) => {
    expect(readFfmpegVersion(banner)).toEqual({ version, supported });
  });

  it.each(['', 'ffprobe version 5.1', 'sh: ffmpeg: not found'])('finds no version in %j', (banner) => {
    expect(readFfmpegVersion(banner)).toBeUndefined();
  });
});
