import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BitReader,
  escape,
  isDolbyVision,
  isHdrMessage,
  joinSample,
  type NalCodec,
  splitSample,
  unescape,
} from '../../../src/media/smart-cut/nal-units.ts';
import {
  asFirstAfterSplice,
  canStartDecoding,
  idOf,
  renumber,
  renumbered,
} from '../../../src/media/smart-cut/parameter-sets.ts';

const payload = fc.uint8Array({ maxLength: 60 });
/** Bytes in which start codes and their escapes are frequent. */
const hostile = fc
  .array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 255), { maxLength: 60 })
  .map((bytes) => Uint8Array.from(bytes));

/** Bits as a row of 0 and 1. */
function bitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function bytesOf(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from({ length: padded.length / 8 }, (_, index) =>
    Number.parseInt(padded.slice(index * 8, index * 8 + 8), 2),
  );
}

function exponentialGolomb(value: number): string {
  const binary = (value + 1).toString(2);
  return '0'.repeat(binary.length - 1) + binary;
}

describe('escaping of NAL units', () => {
  test('is undone by its reverse and leaves no start code', () => {
    fc.assert(
      fc.property(hostile, (plain) => {
        const escaped = escape(plain);
        expect([...unescape(escaped)]).toEqual([...plain]);
        expect(bitsOf(escaped).match(/^(?:.{8})*?0{16}000000(?:00|01|10)/)).toBeNull();
      }),
    );
  });

  test('samples are split into the units that they were joined from', () => {
    const units = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 6 });
    fc.assert(
      fc.property(units, fc.constantFrom(1, 2, 4), (all, lengthBytes) => {
        expect(splitSample(joinSample(all, lengthBytes), lengthBytes).map((unit) => [...unit])).toEqual(
          all.map((unit) => [...unit]),
        );
      }),
    );
    expect(() => splitSample(Uint8Array.of(0, 0, 0, 9, 1), 4)).toThrow('expected a NAL unit of 9 bytes, got 1');
    expect(() => joinSample([new Uint8Array(300)], 1)).toThrow('expected NAL units below 256 bytes, got one of 300');
  });
});

describe('renumbering', () => {
  const slices = fc.record({
    codec: fc.constantFrom<NalCodec>('h264', 'hevc'),
    key: fc.boolean(),
    first: fc.nat(300),
    type: fc.nat(9),
    id: fc.nat(2),
    rest: fc.oneof(payload, hostile),
  });

  test('slices name another set, and everything else in them stays bit by bit and aligned as it was', () => {
    fc.assert(
      fc.property(slices, ({ codec, key, first, type, id, rest }) => {
        const header = codec === 'h264' ? [key ? 0x65 : 0x41] : [(key ? 19 : 1) << 1, 1];
        const before =
          bitsOf(Uint8Array.from(header)) +
          (codec === 'h264' ? exponentialGolomb(first) + exponentialGolomb(type) : key ? '10' : '1');
        const unit = escape(bytesOf(`${before}${exponentialGolomb(id)}1${bitsOf(rest)}1`));
        const changed = bitsOf(unescape(renumber(codec, unit)));
        const wanted = `${before}${exponentialGolomb(renumbered(id))}1${bitsOf(rest)}1`;
        expect(changed.slice(0, wanted.length)).toBe(wanted);
        expect(changed.slice(wanted.length)).toMatch(/^0*$/);
        expect(changed.length).toBe(bitsOf(unescape(unit)).length + 8);
      }),
    );
  });

  test('sets are numbered out of the way of those of the source', () => {
    // From x264 and x265: 320x180, main profile of HEVC with one layer.
    const h264 = ['6764000dacd941413f9f01100000030010000003003c0f14299600', '68ebe3cb22c0'];
    const hevc = [
      '40010c01ffff01600000030090000003000003003c95940900',
      '42010101600000030090000003000003003ca00a080b9f796566a4932b9a020000030002000003003c10',
      '4401c172b46240',
    ];
    const ids = (codec: NalCodec, units: readonly string[]) =>
      units.map((unit) => idOf(codec, renumber(codec, new Uint8Array(Buffer.from(unit, 'hex')))));
    expect(ids('h264', h264)).toEqual([
      { kind: 'sps', id: 15 },
      { kind: 'pps', id: 15 },
    ]);
    expect(ids('hevc', hevc)).toEqual([
      { kind: 'vps', id: 15 },
      { kind: 'sps', id: 15 },
      { kind: 'pps', id: 15 },
    ]);
  });

  test('a PPS refers to the new id of its SPS', () => {
    const set = renumber('h264', bytesOf(`01101000${exponentialGolomb(0)}${exponentialGolomb(0)}1`));
    const reader = new BitReader(unescape(set), 8);
    expect([reader.ue(), reader.ue()]).toEqual([15, 15]);
  });

  test('an id that leaves no room is rejected', () => {
    const set = bytesOf(`01101000${exponentialGolomb(20)}${exponentialGolomb(0)}1`);
    expect(() => renumber('h264', set)).toThrow('leaves no room');
  });

  test('units without a number stay as they are', () => {
    const message = Uint8Array.of(6, 5, 4, 1, 2, 3, 4, 128);
    expect(renumber('h264', message)).toBe(message);
  });
});

describe('the first copied key frame', () => {
  test('of clean random access becomes a broken link, others stay', () => {
    const cra = Uint8Array.of(21 << 1, 1, 0xaf);
    expect([...asFirstAfterSplice('hevc', cra)]).toEqual([18 << 1, 1, 0xaf]);
    const idr = Uint8Array.of(19 << 1, 1, 0xaf);
    expect(asFirstAfterSplice('hevc', idr)).toBe(idr);
  });

  test('must be one at which a decoder can start', () => {
    expect(canStartDecoding('h264', Uint8Array.of(0x65))).toBe(true);
    expect(canStartDecoding('h264', Uint8Array.of(0x41))).toBe(false);
    expect(canStartDecoding('hevc', Uint8Array.of(21 << 1, 1))).toBe(true);
    expect(canStartDecoding('hevc', Uint8Array.of(1 << 1, 1))).toBe(false);
  });
});

test('HDR messages and Dolby Vision units are recognized', () => {
  const unit = (...bytes: number[]): Uint8Array => Uint8Array.of(39 << 1, 1, ...bytes);
  expect(isHdrMessage('hevc', unit(144, 4, 3, 232, 1, 144, 0x80))).toBe(true);
  expect(isHdrMessage('h264', Uint8Array.of(6, 144, 4, 3, 232, 1, 144, 0x80))).toBe(true);
  expect(isHdrMessage('hevc', unit(0, 4, 3, 232, 1, 144, 0x80))).toBe(false);
  // Two messages in one unit: the second one may name a parameter set.
  expect(isHdrMessage('hevc', unit(144, 4, 3, 232, 1, 144, 0, 1, 7, 0x80))).toBe(false);
  expect(isHdrMessage('hevc', unit())).toBe(false);
  expect(isDolbyVision('hevc', Uint8Array.of(62 << 1, 1))).toBe(true);
  expect(isDolbyVision('hevc', unit(144, 4))).toBe(false);
});
