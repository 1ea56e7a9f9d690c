import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventParser } from '../../../src/cli/client/event-stream.ts';

const parse = (...pieces: string[]) => {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe('an event stream', () => {
  it('gives events with their names, ids and joined data', () => {
    expect(parse('event: job\nid: 7\ndata: {"a":\ndata: 1}\n\ndata: x\n\n')).toEqual([
      { event: 'job', id: '7', data: '{"a":\n1}' },
      { event: 'message', id: '7', data: 'x' },
    ]);
  });

  it('drops comments, unknown fields and events without data', () => {
    expect(parse(': heartbeat\n\nretry: 5\n\nevent: job\n\nfoo: bar\ndata:y\n\n')).toEqual([
      { event: 'message', id: undefined, data: 'y' },
    ]);
  });

  it('takes every kind of line end', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(parse(`data: a${end}${end}data: b${end}${end}data: c\n\n`).map(({ data }) => data)).toEqual([
        'a',
        'b',
        'c',
      ]);
    }
  });

  it('does not depend on how the stream is cut', () => {
    const stream =
      'event: job\r\nid: 1\r\ndata: one\r\n\r\n: x\n\ndata: two\ndata: three\n\nevent: progress\ndata: {}\n\n';
    const whole = parse(stream);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 8 }), (cuts) => {
        const positions = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        expect(parse(...positions.slice(1).map((position, index) => stream.slice(positions[index], position)))).toEqual(
          whole,
        );
      }),
    );
  });
});
