import { describe, expect, it } from 'vitest';
import { fileKind, mediaTypeOf } from '../../src/api/media-types.ts';

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
    ['a.constructor', ''],
    ['a.__proto__', ''],
    ['', 'constructor'],
  ])('of %j with type %j is none', (name, type) => {
    expect(fileKind(name, type)).toBeUndefined();
  });

  it('of something unknown is bytes in replies', () => {
    expect(mediaTypeOf('x.bin')).toBe('application/octet-stream');
    expect(mediaTypeOf('toString')).toBe('application/octet-stream');
  });
});
