import { describe, expect, it } from 'vitest';
import { losesFrameRate } from '../../../src/media/filters/frame-rate-loss.ts';
import { chain, filter, type Pad } from '../../../src/media/filters/graph.ts';

const source: Pad = {
  from: 'stream',
  medium: 'video',
  input: { path: '/in/clip.mp4', options: [], instance: 0 },
  stream: 0,
};
const cut = chain(source, filter('trim', { start: 1 }), filter('setpts', { expr: 'PTS-STARTPTS' }));

describe('the frame rate of a video', () => {
  it.each<readonly [what: string, pad: Pad, lost: boolean]>([
    ['of a file', source, false],
    ['that is scaled', chain(source, filter('scale', { w: 320, h: 180 })), false],
    ['behind new times', cut, true],
    ['behind new times and a filter', chain(cut, filter('scale', { w: 320, h: 180 })), true],
    ['behind new times and a grid', chain(cut, filter('fps', { fps: '30/1' })), false],
    [
      'behind a grid and new times',
      chain(source, filter('fps', { fps: '30/1' }), filter('setpts', { expr: 'PTS' })),
      true,
    ],
  ])('%s is lost: %s', (_what, pad, lost) => {
    expect(losesFrameRate(pad, [7, 1])).toBe(lost);
  });

  it('is kept by earlier releases', () => {
    expect(losesFrameRate(cut, [6, 1])).toBe(false);
  });
});
