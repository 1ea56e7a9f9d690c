import { expect, test } from 'vitest';
import { filter } from '../../../src/media/filters/graph.ts';

test('a filter has its numbers in the notation of FFmpeg and leaves out options without a value', () => {
  expect(filter('crop', { w: 320, x: 1 / 3, y: undefined })).toEqual({
    name: 'crop',
    options: { w: '320', x: '0.333333' },
  });
  expect(filter('hwupload')).toEqual({ name: 'hwupload', options: {} });
});
