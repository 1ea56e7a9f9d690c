import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Result } from '../../../src/lib/result.ts';
import type { Clip } from '../../../src/media/planning/clip.ts';
import type { VideoStream } from '../../../src/media/probe/probe.ts';
import { planSmartCut, type SmartCut } from '../../../src/media/smart-cut/cut-plan.ts';
import type { Samples } from '../../../src/media/smart-cut/mp4-track.ts';
import { parsePackets, parseTimes, type VideoPacket } from '../../../src/media/smart-cut/packets.ts';
import { selectSamples } from '../../../src/media/smart-cut/selection.ts';
import { clipProbe, videoStream } from '../../support/plan.ts';

const tick = 512;

interface Group {
  readonly length: number;
  /** B-frames between others. */
  readonly depth: number;
  /** Frames that are stored after the key frame and shown before it. */
  readonly leading: number;
}

const groups = fc.array(
  fc
    .record({ length: fc.integer({ min: 1, max: 12 }), depth: fc.nat(3), leading: fc.nat(2) })
    .map(({ leading, ...group }) => ({ ...group, leading: Math.min(leading, group.depth) })),
  { minLength: 1, maxLength: 8 },
);

/** A stream in decoding order, one frame per tick of the frame rate. */
function streamOf(all: readonly Group[]): VideoPacket[] {
  const packets: VideoPacket[] = [];
  let shown = 0;
  const add = (frame: number, key: boolean): number => packets.push({ pts: frame * tick, key, hidden: false });
  for (const [index, { length, depth, leading: wanted }] of all.entries()) {
    const leading = index === 0 ? 0 : wanted;
    const key = shown + leading;
    add(key, true);
    for (let frame = shown; frame < key; frame += 1) add(frame, false);
    let next = key + 1;
    const end = key + length;
    while (next < end) {
      const reference = Math.min(next + depth, end - 1);
      add(reference, false);
      for (let frame = next; frame < reference; frame += 1) add(frame, false);
      next = reference + 1;
    }
    shown = end;
  }
  return packets;
}

function clipOf(
  packets: readonly VideoPacket[],
  window: { start: number; end: number },
  stream: Partial<VideoStream> = {},
): Clip {
  const duration = packets.length / 30;
  const video = [videoStream({ frames: packets.length, duration, ...stream })];
  const splicePoints = packets.filter(({ key }) => key).map(({ pts }) => pts);
  const probe = clipProbe({ duration, video, cut: { start: packets, splicePoints, end: packets } });
  const exact = { exactStart: window.start > 0, exactEnd: window.end < duration };
  return { probe, path: probe.path, options: [], instance: 0, seekable: true, window: { ...window, ...exact } };
}

function samplesOf(packets: readonly VideoPacket[]): Samples {
  const zeros = new Float64Array(packets.length);
  return {
    count: packets.length,
    offsets: zeros,
    sizes: zeros,
    pts: Float64Array.from(packets, ({ pts }) => pts),
    keys: Uint8Array.from(packets, ({ key }) => (key ? 1 : 0)),
  };
}

function cut(plan: Result<SmartCut>): SmartCut {
  if (!plan.ok) throw new Error(`Expected a cut, got: ${plan.why}`);
  return plan.value;
}

describe('a smart cut', () => {
  test('takes exactly the frames of its window, of which the copied ones decode alone', () => {
    let made = 0;
    fc.assert(
      fc.property(groups, fc.nat(90), fc.integer({ min: 1, max: 90 }), (all, from, length) => {
        const packets = streamOf(all);
        const first = from % packets.length;
        const last = Math.min(packets.length, first + length);
        const planned = planSmartCut(clipOf(packets, { start: first / 30, end: last / 30 }));
        if (!planned.ok) {
          expect(planned.why).toMatch(/no key frame|no whole GOP|no frame was found at which/);
          return;
        }
        made += 1;
        const plan = planned.value;
        const join = { ...plan.join, source: 's', output: 'o' };
        const { copied, head, tail } = selectSamples(join, samplesOf(packets));
        expect([head.length, tail.length]).toEqual([plan.head?.frames ?? 0, plan.tail?.frames ?? 0]);
        const shown = [...head, ...copied.map((index) => packets[index]?.pts ?? -1), ...tail];
        expect(shown.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: last - first }, (_, index) => (first + index) * tick),
        );
        // Every frame that is stored between the first and the last copied one is copied too, or leads the key frame.
        const start = copied[0] ?? 0;
        for (let index = start; index <= (copied.at(-1) ?? 0); index += 1)
          if (!copied.includes(index)) expect(packets[index]?.pts).toBeLessThan(packets[start]?.pts ?? 0);
      }),
      { numRuns: 500 },
    );
    expect(made).toBeGreaterThan(150);
  });

  test('re-encodes nothing at an end that is between two GOPs', () => {
    const packets = streamOf(Array.from({ length: 4 }, () => ({ length: 10, depth: 3, leading: 0 })));
    const plan = cut(planSmartCut(clipOf(packets, { start: 10 / 30, end: 30 / 30 })));
    expect(plan.head).toBeUndefined();
    expect(plan.tail).toBeUndefined();
    expect(plan.join).toMatchObject({
      copyStart: 10 * tick,
      copyEnd: 30 * tick,
      origin: 10 * tick,
      duration: 20 * tick,
    });
  });

  test('re-encodes the few frames after the last splice point', () => {
    const packets = streamOf([
      { length: 10, depth: 0, leading: 0 },
      { length: 40, depth: 3, leading: 0 },
    ]);
    const plan = cut(planSmartCut(clipOf(packets, { start: 4 / 30, end: 37 / 30 })));
    expect(plan.head).toMatchObject({ from: 4 * tick, until: 10 * tick, frames: 6 });
    expect(plan.tail).toMatchObject({ from: 35 * tick, until: 37 * tick, frames: 2 });
  });

  test('re-encodes frames that lead the first copied key frame', () => {
    const packets = streamOf([
      { length: 10, depth: 2, leading: 0 },
      { length: 20, depth: 2, leading: 2 },
    ]);
    const plan = cut(planSmartCut(clipOf(packets, { start: 5 / 30, end: 32 / 30 })));
    expect(plan.head).toMatchObject({ from: 5 * tick, until: 12 * tick, frames: 7 });
    expect(plan.tail).toBeUndefined();
  });

  test('starts to read early where a file has no index', () => {
    const packets = streamOf(Array.from({ length: 6 }, () => ({ length: 30, depth: 2, leading: 0 })));
    const clip = clipOf(packets, { start: 3.1, end: 5 });
    const stream = { ...clip, probe: { ...clip.probe, format: 'mpegts' } };
    expect(cut(planSmartCut(clip)).seek).toBe(3);
    expect(cut(planSmartCut(stream)).seek).toBe(2);
  });

  const packets = streamOf(Array.from({ length: 4 }, () => ({ length: 10, depth: 2, leading: 0 })));
  const window = { start: 0.2, end: 1.2 };
  test.for<[string, Clip, string]>([
    ['another codec', clipOf(packets, window, { codec: 'av1' }), 'av1 is not cut by copying'],
    ['interlaced video', clipOf(packets, window, { interlaced: true }), 'interlaced'],
    ['full range', clipOf(packets, window, { pixelFormat: 'yuvj420p', colorRange: 'pc' }), 'full-range'],
    ['an odd width', clipOf(packets, window, { width: 321 }), 'odd size'],
    ['a list of files', { ...clipOf(packets, window), seekable: false }, 'not known'],
    [
      'frames that an edit list hides',
      clipOf(
        packets.map((packet) => ({ ...packet, hidden: packet.pts === 8 * tick })),
        window,
      ),
      'edit list',
    ],
    ['no key frame in the cut', clipOf(packets, { start: 0.4, end: 0.6 }), 'no whole GOP'],
  ])('is not possible for %s', ([, clip, why]) => {
    const plan = planSmartCut(clip);
    expect(plan.ok ? 'a smart cut' : plan.why).toContain(why);
  });
});

describe('output of the tools', () => {
  test('is read from the first key frame on, with packets that an edit list hides', () => {
    expect(parsePackets('-512,__\n0,K_,\n\n1536,__\n512,_D\nN/A,__\n')).toEqual([
      { pts: 0, key: true, hidden: false },
      { pts: 1536, key: false, hidden: false },
      { pts: 512, key: false, hidden: true },
    ]);
    expect(
      parseTimes('#tb 0: 1/90000\n0,      90000,      96000,     3000,     4544, 0x85f1e91e, S=1,        1\n'),
    ).toEqual([96_000]);
  });

  test('may be anything', () => {
    fc.assert(fc.property(fc.string(), (text) => parsePackets(text).length + parseTimes(text).length >= 0));
  });
});

describe('selecting samples', () => {
  const stream = streamOf(Array.from({ length: 3 }, () => ({ length: 10, depth: 2, leading: 0 })));
  const join = {
    codec: 'h264' as const,
    source: 's',
    output: 'o',
    timescale: 15_360,
    start: 0,
    origin: 0,
    fromZero: true,
  };
  test('rejects a start that is no key frame, and an end among frames that are stored out of order', () => {
    expect(() => selectSamples({ ...join, copyStart: tick }, samplesOf(stream))).toThrow('another frame');
    expect(() => selectSamples({ ...join, copyStart: 7 }, samplesOf(stream))).toThrow('no frame');
    const within = { ...join, copyStart: 10 * tick, copyEnd: 12 * tick, end: 20 * tick };
    expect(() => selectSamples(within, samplesOf(stream))).toThrow('without a gap');
  });
});
