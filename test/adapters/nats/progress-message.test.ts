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

describe('a progress message', () => {
  it('arrives as it was sent', () => {
    expect(read(messageBody(message))).toEqual({ ok: true, message });
  });

  it('is of the job of its subject, whatever its body contains', () => {
    const body = JSON.stringify({ ...JSON.parse(messageBody(message)), uid: 'another', attempt: 9 });
    expect(read(body)).toEqual({ ok: true, message });
  });

  it('of a later version is read without its unknown members', () => {
    const { sequence, progress } = message;
    expect(read(JSON.stringify({ sequence, progress: { ...progress, quality: 40 } }))).toEqual({ ok: true, message });
  });

  it('of a worker whose clock is ahead gets the present time', () => {
    const ahead = { ...message, progress: { ...message.progress, updatedAt: '2026-03-01T12:05:00.000Z' } };
    expect(read(messageBody(ahead))).toHaveProperty('message.progress.updatedAt', '2026-03-01T12:00:01.000Z');
  });

  it.each([
    ['nothing', ''],
    ['text that is not JSON', '{"sequence":'],
    ['a number', '7'],
    ['null', 'null'],
    ['no progress', '{"sequence":1}'],
    ['an invalid percentage', messageBody({ ...message, progress: { ...message.progress, percent: 101 } })],
    ['a negative sequence', messageBody({ ...message, sequence: -1 })],
    ['an infinite sequence', messageBody({ ...message, sequence: 1e300 })],
    ['an unknown step', messageBody(message).replace('encoding', 'dancing')],
    ['a long text', messageBody({ ...message, progress: { ...message.progress, message: 'x'.repeat(201) } })],
    ['an invalid instant', messageBody({ ...message, progress: { ...message.progress, updatedAt: 'yesterday' } })],
    [
      'an instant far away',
      messageBody({ ...message, progress: { ...message.progress, updatedAt: '+275760-01-01T00:00:00Z' } }),
    ],
    ['too many bytes', JSON.stringify({ ...JSON.parse(messageBody(message)), filler: 'x'.repeat(maxMessageBytes) })],
  ])('is rejected with %s', (_case, body) => {
    expect(read(body)).toHaveProperty('ok', false);
  });

  it('is rejected on a subject of another form', () => {
    expect(read(messageBody(message), 'framewright.progress.a')).toEqual({
      ok: false,
      why: 'its subject has another form',
    });
  });

  it('may contain any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), (bytes, json) => {
        expect(readMessage(subject, bytes, now)).toHaveProperty('ok', false);
        expect(read(json)).toHaveProperty('ok', false);
      }),
    );
  });
});
