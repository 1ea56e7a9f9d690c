import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  controllerUid,
  isApiObject,
  isLater,
  keyOfObject,
} from '../../../../src/adapters/kubernetes/client/api-object.ts';

describe('a version', () => {
  it('is compared as a number, of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
        expect(isLater(String(a), String(b))).toBe(a > b);
      }),
    );
  });

  it.each(['v2', '', '01', '1.5', '-1'])('of another form (%j) is only equal or not', (odd) => {
    expect(isLater(odd, '1')).toBeUndefined();
    expect(isLater(odd, odd)).toBe(false);
  });
});

describe('an object of the API', () => {
  const metadata = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1' };

  it('has a name, a uid and a version', () => {
    expect(isApiObject({ metadata })).toBe(true);
    for (const other of [undefined, null, 'text', [], {}, { metadata: null }, { metadata: { name: 'a', uid: 1 } }]) {
      expect(isApiObject(other)).toBe(false);
    }
  });

  it('has a key of namespace and name', () => {
    expect(keyOfObject({ metadata })).toBe('n/a');
    expect(keyOfObject({ metadata: { name: 'node', uid: 'u', resourceVersion: '1' } })).toBe('node');
  });

  it('belongs to the owner that controls it, not to another owner', () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'o' };
    const ownerReferences = [
      { ...owner, uid: 'other' },
      { ...owner, uid: 'controller', controller: true },
    ];
    expect(controllerUid({ metadata: { ...metadata, ownerReferences } })).toBe('controller');
    expect(controllerUid({ metadata })).toBeUndefined();
  });
});
