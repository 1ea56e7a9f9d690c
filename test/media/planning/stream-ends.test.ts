import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEndsReader, endsTooEarly, needsEnds, type StreamEnds } from '../../../src/media/planning/stream-ends.ts';
import { audioStream, clipProbe, videoStream } from '../../support/plan.ts';

function read(text: string): StreamEnds {
  const reader = createEndsReader();
  reader.push(text);
  return reader.ends();
}

describe('the ends of streams', () => {
  it('are those of their packets, which stand in the order of decoding', () => {
    const text = '0,0.500000,0.040000\n1,0.479000,0.021000\n0,0.620000,0.040000\n0,0.540000,0.040000,side data\n';
    expect(read(text)).toEqual(
      new Map([
        [0, { start: 0.5, end: 0.66, packets: 3 }],
        [1, { start: 0.479, end: 0.5, packets: 1 }],
      ]),
    );
  });

  it('are counted up where packets have no time stamps, as in raw streams', () => {
    expect(read('0,N/A,0.040000\n0,N/A,0.040000\n').get(0)).toEqual({ start: 0, end: 0.08, packets: 2 });
  });

  it('have a last packet as long as the others where none says how long it is', () => {
    expect(read('0,0.000000,N/A\n0,0.100000,N/A\n0,0.200000,N/A\n').get(0)?.end).toBeCloseTo(0.3);
  });

  it('are the same however the text is cut into pieces', () => {
    const packets = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -500, max: 5000 })));
    fc.assert(
      fc.property(packets, fc.integer({ min: 1, max: 9 }), (list, size) => {
        const text = list.map(([stream, at]) => `${stream},${(at / 100).toFixed(6)},0.010000\n`).join('');
        const reader = createEndsReader();
        for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
        expect(reader.ends()).toEqual(read(text));
      }),
    );
  });
});

describe('the duration of a container', () => {
  it('is believed as a rule', () => {
    expect(needsEnds(clipProbe())).toBe(false);
    expect(needsEnds(clipProbe({ format: 'png_pipe', duration: 0 }))).toBe(false);
    expect(needsEnds(clipProbe({ video: [], audio: [], duration: 0 }))).toBe(false);
  });

  it.each([
    ['there is none', { duration: 0 }],
    ['hours would lie in a few bytes', { duration: 14_400, bytes: 200_000 }],
    ['Matroska does not start at 0', { format: 'matroska,webm', startTime: 5 }],
  ])('is checked where %s', (_what, changes) => {
    expect(needsEnds(clipProbe(changes))).toBe(true);
  });

  it('is reported as wrong where the packets end much earlier', () => {
    const probe = clipProbe({ startTime: 1, video: [videoStream()], audio: [audioStream()] });
    const until = (end: number): StreamEnds => new Map([[0, { start: 1, end, packets: 1 }]]);
    expect(endsTooEarly(probe, until(10.9))).toBeUndefined();
    expect(endsTooEarly(probe, until(4.2))).toBe('ends at 3.200 s, and declares a duration of 10.000 s');
    expect(endsTooEarly(probe, new Map())).toBe('ends at 0.000 s, and declares a duration of 10.000 s');
  });
});
