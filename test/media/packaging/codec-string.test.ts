import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { boxAt } from '../../../src/media/mp4/boxes.ts';
import { ascii } from '../../../src/media/mp4/bytes.ts';
import { fullBox, makeBox } from '../../../src/media/mp4/make-box.ts';
import { codecString } from '../../../src/media/packaging/codec-string.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const nameOf = (type: string, fields: number, ...boxes: readonly Uint8Array[]): string => {
  const entry = makeBox(type, new Uint8Array(fields), ...boxes);
  return codecString(entry, boxAt(entry, 0, entry.length));
};
const video = (type: string, config: string, hex: string, ...more: readonly Uint8Array[]): string =>
  nameOf(type, 78, makeBox(config, bytes(hex)), ...more);
const colour = (hex: string): Uint8Array => makeBox('colr', ascii('nclx'), bytes(hex));
/** Descriptors with their lengths in four bytes, as FFmpeg writes them. */
const esds = (objectType: string, specific: string): Uint8Array => {
  const part = (tag: string, body: string): string =>
    `${tag}808080${(body.length / 2).toString(16).padStart(2, '0')}${body}`;
  const decoder = part('04', `${objectType}150000000000000000000000${specific === '' ? '' : part('05', specific)}`);
  return fullBox('esds', 0, 0, bytes(part('03', `000100${decoder}${part('06', '02')}`)));
};
const audio = (...boxes: readonly Uint8Array[]): string => nameOf('mp4a', 28, ...boxes);

describe('the name of a codec', () => {
  it.each([
    ['avc1.64001f', video('avc1', 'avcC', '01 64 00 1f ff e1 0000')],
    ['avc1.42e01e', video('avc1', 'avcC', '01 42 e0 1e ff e1 0000')],
    // The examples of ISO/IEC 14496-15, annex E.
    ['hvc1.1.6.L93.B0', video('hvc1', 'hvcC', '01 01 60000000 b00000000000 5d f000')],
    ['hev1.A4.41.H120.B0.23', video('hev1', 'hvcC', '01 64 82000000 b02300000000 78 f000')],
    ['hvc1.2.4.L153', video('hvc1', 'hvcC', '01 02 20000000 000000000000 99 f000')],
    // The examples of the AV1 binding.
    ['av01.0.04M.10', video('av01', 'av1C', '81 04 4c 00')],
    ['av01.0.08M.08', video('av01', 'av1C', '81 08 0c 00', colour('0001 0001 0001 00'))],
    ['av01.0.04M.10.0.112.09.16.09.0', video('av01', 'av1C', '81 04 4e 00', colour('0009 0010 0009 00'))],
    ['vp09.00.31.08', video('vp09', 'vpcC', '01000000 00 1f 82 02 02 02 0000')],
    ['vp09.02.10.10.01.09.16.09.01', video('vp09', 'vpcC', '01000000 02 0a a3 09 10 09 0000')],
    ['mp4a.40.2', audio(esds('40', '1190'))],
    ['mp4a.40.5', audio(esds('40', '2b92'))],
    ['mp4a.40.42', audio(esds('40', 'f940'))],
    ['mp4a.6B', audio(esds('6b', ''))],
    ['Opus', nameOf('Opus', 28)],
    ['fLaC', nameOf('fLaC', 28)],
    ['ec-3', nameOf('ec-3', 28)],
  ])('is %s', (expected, name) => expect(name).toBe(expected));

  it('is rejected for an unknown sample entry and a truncated configuration', () => {
    expect(() => nameOf('xyzw', 78)).toThrow(CodedError);
    expect(() => video('avc1', 'avcC', '01')).toThrow(/avcC of 1 bytes/);
    expect(() => nameOf('avc1', 78)).toThrow(/without avcC/);
    expect(() => audio()).toThrow(/without esds/);
  });

  it('of any configuration is text without quotes or blanks, or a coded error', () => {
    const types = fc.constantFrom(
      ['avc1', 'avcC'],
      ['hvc1', 'hvcC'],
      ['av01', 'av1C'],
      ['vp09', 'vpcC'],
      ['mp4a', 'esds'],
    );
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 40 }), ([type = '', config = ''], content) => {
        try {
          expect(nameOf(type, type === 'mp4a' ? 28 : 78, makeBox(config, content))).toMatch(/^[A-Za-z0-9.-]+$/);
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError);
        }
      }),
    );
  });
});
