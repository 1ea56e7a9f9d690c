import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxMessageBytes, messageBody, readMessage } from '../../../src/adapters/nats/progress-message.ts';
import { progressSubject } from '../../../src/adapters/nats/subject.ts';
import type { ProgressMessage } from '../../../src/model/status/progress.ts';

const message: ProgressMessage = {
  namespace: 'media',
  name: 'clip',
  uid: '0b6c',
  attempt: 2,
  sequence: 7,
  progress: { percent: 12.5, step: 'encoding', message: 'main', fps: 80, updatedAt: '2026-03-01T12:00:00.000Z' },
};
const subject = progressSubject(message);
const now = Date.parse('2026-03-01T12:00:01Z');
const read = (text: string, from = subject) => readMessage(from, Buffer.from(text), now);

describe('a message of progress', () => {
  it('arrives as it was sent', () => {
    expect(read(messageBody(message))).toEqual(message);
  });

  it('speaks for the job of its subject, whatever else it says', () => {
    const body = JSON.stringify({ ...JSON.parse(messageBody(message)), uid: 'another', attempt: 9 });
    expect(read(body)).toEqual(message);
  });

  it('of a later version is understood without what is new in it', () => {
    const { sequence, progress } = message;
    expect(read(JSON.stringify({ sequence, progress: { ...progress, quality: 40 } }))).toEqual(message);
  });

  it('of a worker whose clock is ahead is from now', () => {
    const ahead = { ...message, progress: { ...message.progress, updatedAt: '2026-03-01T12:05:00.000Z' } };
    expect(read(messageBody(ahead))).toHaveProperty('progress.updatedAt', '2026-03-01T12:00:01.000Z');
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"sequence":'],
    ['no object', '7'],
    ['null', 'null'],
    ['no progress', '{"sequence":1}'],
    ['a percentage that is none', messageBody({ ...message, progress: { ...message.progress, percent: 101 } })],
    ['a negative sequence', messageBody({ ...message, sequence: -1 })],
    ['a sequence without end', messageBody({ ...message, sequence: 1e300 })],
    ['a step that nobody knows', messageBody(message).replace('encoding', 'dancing')],
    ['a long text', messageBody({ ...message, progress: { ...message.progress, message: 'x'.repeat(201) } })],
    ['no instant', messageBody({ ...message, progress: { ...message.progress, updatedAt: 'yesterday' } })],
    [
      'an instant far away',
      messageBody({ ...message, progress: { ...message.progress, updatedAt: '+275760-01-01T00:00:00Z' } }),
    ],
    ['too much', JSON.stringify({ ...JSON.parse(messageBody(message)), filler: 'x'.repeat(maxMessageBytes) })],
  ])('is refused with %s', (_case, body) => {
    expect(read(body)).toHaveProperty('refused');
  });

  it('is refused on a subject of another form', () => {
    expect(read(messageBody(message), 'framewright.progress.a')).toEqual({ refused: 'a subject of another form' });
  });

  it('may hold any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), (bytes, json) => {
        expect(readMessage(subject, bytes, now)).toHaveProperty('refused');
        expect(read(json)).toHaveProperty('refused');
      }),
    );
  });
});
