import { describe, expect, it } from 'vitest';
import { fileKind, mediaTypeOf } from '../../../src/model/job/media-types.ts';

describe('the kind of a file', () => {
  it.each([
    ['a.mp4', '', 'mp4', 'video/mp4', false],
    ['A.MKV', 'application/octet-stream', 'mkv', 'video/x-matroska', false],
    ['a.srt', 'text/plain', 'srt', 'application/x-subrip', true],
    ['', 'video/webm; codecs=vp9', 'webm', 'video/webm', false],
    ['', 'audio/x-wav', 'wav', 'audio/wav', false],
    ['file', 'text/vtt', 'vtt', 'text/vtt', true],
  ])('of %j with type %j is .%s %s', (name, type, extension, mediaType, subtitle) => {
    expect(fileKind(name, type)).toEqual({ extension, mediaType, subtitle });
  });

  it.each([
    ['page.html', 'video/mp4'],
    ['a.svg', 'image/svg+xml'],
    ['', 'text/html'],
    ['', ''],
    ['main.m3u8', 'application/vnd.apple.mpegurl'],
    ['main.mpd', 'application/dash+xml'],
    ['a.m4s', 'video/iso.segment'],
    ['a.constructor', ''],
    ['a.__proto__', ''],
    ['', 'constructor'],
  ])('of %j with type %j is none', (name, type) => {
    expect(fileKind(name, type)).toBeUndefined();
  });

  it.each([
    ['u-1-main.m3u8', 'application/vnd.apple.mpegurl'],
    ['u-1-main.mpd', 'application/dash+xml'],
    ['u-1-video_720p_1.m4s', 'video/iso.segment'],
    ['u-1-video_720p_init.mp4', 'video/mp4'],
    ['u-1-text_1.vtt', 'text/vtt'],
  ])('of %s among published files is %s', (name, type) => {
    expect(mediaTypeOf(name)).toBe(type);
  });

  it('of something unknown is bytes in replies', () => {
    expect(mediaTypeOf('x.bin')).toBe('application/octet-stream');
    expect(mediaTypeOf('toString')).toBe('application/octet-stream');
  });
});
