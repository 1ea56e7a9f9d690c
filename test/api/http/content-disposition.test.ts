import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentDisposition, filenameOf, safeFilename } from '../../../src/api/http/content-disposition.ts';

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }));

describe('a file name from a client', () => {
  it.each([
    ['clip.mp4', 'clip.mp4'],
    ['/etc/passwd', 'passwd'],
    ['C:\\Users\\me\\clip.mp4', 'clip.mp4'],
    ['..', 'file'],
    ['', 'file'],
    ['a/', 'file'],
    ['a\r\nb.mp4', 'ab.mp4'],
    ['Übung 1.mp4', 'Übung 1.mp4'],
  ])('%j becomes %j', (given, kept) => {
    expect(safeFilename(given)).toBe(kept);
  });

  it('never keeps separators or control characters, is never empty, and is bounded', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = safeFilename(text);
        expect(name).not.toMatch(/[/\\\u0000-\u001f\u007f\u202e]/);
        expect(name.length).toBeGreaterThan(0);
        expect(name.length).toBeLessThanOrEqual(200);
        expect(name).not.toMatch(/^\.+$/);
      }),
    );
  });

  it('makes a header that has no line breaks and is read back as it was', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = safeFilename(text);
        const header = contentDisposition('inline', name);
        expect(header).toMatch(/^inline; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\x21-\x7e]*$/);
        expect(filenameOf(header)).toBe(name);
      }),
    );
  });
});

describe('the file name of a Content-Disposition header is', () => {
  it.each([
    [undefined, undefined],
    ['attachment', undefined],
    ['attachment; filename=a.mp4', 'a.mp4'],
    ['attachment; filename="a \\"b\\".mp4"', 'a "b".mp4'],
    ["attachment; filename=a.mp4; filename*=UTF-8''%e2%82%ac.mp4", '€.mp4'],
    ["attachment; filename*=UTF-8''%ff", undefined],
  ])('%j -> %j', (header, name) => {
    expect(filenameOf(header)).toBe(name);
  });
});
