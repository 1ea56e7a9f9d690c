import { expect, it } from 'vitest';
import { deleteCall, labelSelector, resourcePath } from '../../../../src/adapters/kubernetes/client/resource-path.ts';

it.each([
  ['/api/v1/nodes', { apiVersion: 'v1', resource: 'nodes' }],
  ['/apis/batch/v1/jobs', { apiVersion: 'batch/v1', resource: 'jobs', namespace: undefined }],
  [
    '/apis/batch/v1/namespaces/media/jobs/a',
    { apiVersion: 'batch/v1', resource: 'jobs', namespace: 'media', name: 'a' },
  ],
  [
    '/api/v1/namespaces/media/pods/a/log',
    { apiVersion: 'v1', resource: 'pods', namespace: 'media', name: 'a', subresource: 'log' },
  ],
  ['/api/v1/namespaces/a%2F..%2Fb/pods/%3Fx', { apiVersion: 'v1', resource: 'pods', namespace: 'a/../b', name: '?x' }],
])('the path %s', (path, parts) => {
  expect(resourcePath(parts)).toBe(path);
});

it('a label selector asks for all of its labels', () => {
  expect(labelSelector({ a: '1', 'example.com/b': '2' })).toBe('a=1,example.com/b=2');
});

it('a delete call names the uid of the object', () => {
  expect(deleteCall('/api/v1/namespaces/media/pods/a', { uid: 'u', gracePeriodSeconds: 5 })).toEqual({
    method: 'DELETE',
    path: '/api/v1/namespaces/media/pods/a',
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' }, gracePeriodSeconds: 5 },
  });
});
