import { describe, expect, it } from 'vitest';
import { filter } from '../../../src/media/filters/graph.ts';
import { gpuForm } from '../../../src/media/gpu/gpu-filters.ts';

describe('what the GPU does instead of a filter', () => {
  it.each([
    [filter('scale', { w: 640, h: 360, flags: 'bicubic' }), { w: 640, h: 360 }],
    [filter('crop', { w: 160, h: 90, x: 2, y: 4 }), { cw: 160, ch: 90, cx: 2, cy: 4, w: 160, h: 90 }],
    [filter('transpose', { dir: 'clock' }), { transpose: 'clock' }],
    [filter('hflip'), { transpose: 'hflip' }],
    [filter('bwdif', { mode: 'send_frame', deint: 'all' }), { deinterlace: 'advanced' }],
    [filter('hqdn3d', { luma_spatial: 8 }), { denoise: 50 }],
    [filter('unsharp', { luma_msize_x: 5, luma_msize_y: 5, luma_amount: 0.4 }), { detail: 20 }],
    [filter('format', { pix_fmts: 'yuv420p10le' }), { format: 'p010le' }],
  ])('$0.name is one pass of its processor: $1', (written, options) => {
    expect(gpuForm(written)).toMatchObject({ how: 'processed', options });
  });

  it.each([
    filter('fps', { fps: 25 }),
    filter('trim', { end_frame: 3 }),
    filter('setpts', { expr: 'PTS-STARTPTS' }),
    filter('tpad', { stop_mode: 'clone', stop: 2 }),
    filter('setsar', { sar: 1 }),
  ])('$name lets frames pass unchanged', (passing) => {
    expect(gpuForm(passing)).toMatchObject({ how: 'passes' });
  });

  it.each([
    // Ranges of values, an expression as a length, a size that depends on the video.
    filter('scale', { in_range: 'full', out_range: 'limited' }),
    filter('scale', { w: 'iw/2', h: 90 }),
    filter('scale', { w: 160, h: -2 }),
    filter('crop', { w: 160, h: 90, x: 'random(0)', y: 0 }),
    // Frames of a colour, a look at the frame.
    filter('tpad', { start: 2, color: 'black@0' }),
    filter('select', { expr: 'gt(scene,0.4)' }),
    filter('bwdif', { mode: 'send_field' }),
    filter('format', { pix_fmts: 'rgba' }),
    filter('gblur', { sigma: 3 }),
    filter('pad', { w: 160, h: 160, x: 0, y: 0 }),
    filter('constructor'),
  ])('$name with $options needs the CPU', (given) => {
    expect(gpuForm(given)).toBeUndefined();
  });
});
