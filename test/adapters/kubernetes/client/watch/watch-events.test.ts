import { describe, expect, it } from 'vitest';
import { isApiObject } from '../../../../../src/adapters/kubernetes/client/api-object.ts';
import { readWatchEvent } from '../../../../../src/adapters/kubernetes/client/watch/watch-events.ts';

const object = { metadata: { name: 'a', uid: 'u', resourceVersion: '5' } };
const read = (line: unknown) =>
  readWatchEvent(line, (value) => (isApiObject(value) ? value : undefined), '/api/v1/pods');

describe('an event of a watch', () => {
  it.each([
    ['ADDED', 'put'],
    ['MODIFIED', 'put'],
    ['DELETED', 'removed'],
  ])('%s means %s', (type, meaning) => {
    expect(read({ type, object })).toEqual({ type: meaning, object });
  });

  it('may be a bookmark, the one that ends the initial events among them', () => {
    const metadata = { resourceVersion: '9' };
    expect(read({ type: 'BOOKMARK', object: { metadata } })).toMatchObject({ resourceVersion: '9', initialEnd: false });
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    expect(read({ type: 'BOOKMARK', object: { metadata: { ...metadata, annotations } } })).toMatchObject({
      resourceVersion: '9',
      initialEnd: true,
    });
  });

  it('that is an error ends the watch with its status', () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
    expect(() => read({ type: 'ERROR', object: status })).toThrow(
      'watch of /api/v1/pods was rejected with 410 Expired: too old',
    );
    expect(() => read({ type: 'ERROR', object: null })).toThrow('rejected with 500');
  });

  it('whose object cannot be read is said to be so', () => {
    expect(read({ type: 'ADDED', object: { kind: 'Odd' } })).toEqual({ type: 'unreadable', text: '{"kind":"Odd"}' });
  });

  it.each([null, 'ADDED', [], {}, { type: 'RENAMED', object }, { type: 'BOOKMARK', object: {} }])(
    'is not %j',
    (line) => {
      expect(() => read(line)).toThrow(/Expected an event of a watch, got/);
    },
  );
});
