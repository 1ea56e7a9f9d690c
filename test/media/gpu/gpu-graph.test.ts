import { describe, expect, it } from 'vitest';
import { chain, type FilterPad, filter, generate, join, type Pad } from '../../../src/media/filters/graph.ts';
import { filterText, writeGraph } from '../../../src/media/filters/write-graph.ts';
import { GpuGraph, type GpuGraphOptions } from '../../../src/media/gpu/gpu-graph.ts';
import type { VideoStream } from '../../../src/media/probe/probe.ts';
import { videoStream } from '../../support/plan.ts';

const decode = ['-hwaccel', 'qsv'];
const fps = filter('fps', { fps: 25, start_time: 0 });
const down = 'hwdownload,format=pix_fmts=nv12,format=pix_fmts=yuv420p';
const up = 'format=pix_fmts=nv12,hwupload=extra_hw_frames=64';
const scale = filter('scale', { w: 320, h: 180, flags: 'bicubic' });
const blur = filter('gblur', { sigma: 3 });
const text = { fps: filterText(fps), scale: filterText(scale), blur: filterText(blur) };

function graphOf(options: Partial<GpuGraphOptions> = {}): GpuGraph {
  return new GpuGraph({ decode, ffmpeg: [7, 1], overlays: true, ...options });
}

function source(changes: Partial<VideoStream> = {}): Pad {
  const video = videoStream(changes);
  return { from: 'stream', medium: 'video', input: { path: '/in.mp4', options: [], instance: 0 }, stream: 0, video };
}

/** What FFmpeg is given for these pads. */
function written(...pads: readonly Pad[]): string {
  const sinks = pads.map((pad) => (pad.from === 'filter' ? pad : chain(pad, filter('null'))));
  return writeGraph(
    sinks.filter((pad): pad is FilterPad => pad.from === 'filter'),
    () => 0,
  ).text;
}

describe('a graph for Quick Sync', () => {
  it('decodes into GPU memory and merges what fits into one pass', () => {
    const pad = chain(
      source(),
      fps,
      filter('crop', { w: 640, h: 360, x: 0, y: 0 }),
      filter('hqdn3d', { luma_spatial: 8 }),
      scale,
    );
    const made = graphOf().toEncoder(pad, 8);
    expect(written(made)).toBe(
      `[0:0]${text.fps},vpp_qsv=cw=640:ch=360:cx=0:cy=0:w=320:h=180:denoise=50:async_depth=0[p0]`,
    );
    expect(graphOf().toEncoder(source(), 8)).toMatchObject({ from: 'stream', decode });
  });

  it('starts a new pass for what the processor would do in another order', () => {
    const pad = chain(source(), fps, scale, filter('crop', { w: 160, h: 90, x: 80, y: 44 }));
    expect(written(graphOf().toEncoder(pad, 8))).toBe(
      `[0:0]${text.fps},vpp_qsv=w=320:h=180:async_depth=0,vpp_qsv=cw=160:ch=90:cx=80:cy=44:w=160:h=90:async_depth=0[p0]`,
    );
  });

  it('downloads frames once for the CPU and uploads them once, with work of the GPU before and after', () => {
    const pad = chain(
      source(),
      fps,
      scale,
      blur,
      filter('transpose', { dir: 'clock' }),
      blur,
      filter('crop', { w: 90, h: 90, x: 0, y: 0 }),
    );
    expect(written(graphOf().toEncoder(pad, 8))).toBe(
      `[0:0]${text.fps},vpp_qsv=w=320:h=180:async_depth=0,${down},${text.blur},transpose=dir=clock,${text.blur},${up},vpp_qsv=cw=90:ch=90:cx=0:cy=0:w=90:h=90:async_depth=0[p0]`,
    );
  });

  it('does not upload early for times and formats only', () => {
    const pad = chain(
      source(),
      fps,
      blur,
      filter('trim', { end_frame: 5 }),
      filter('format', { pix_fmts: 'yuv420p10le' }),
    );
    expect(written(graphOf().toEncoder(pad, 10))).toBe(
      `[0:0]${text.fps},${down},${text.blur},trim=end_frame=5,format=pix_fmts=yuv420p10le,format=pix_fmts=p010le,hwupload=extra_hw_frames=64[p0]`,
    );
  });

  it('shares one decode, one processing and one download among outputs that are alike up to there', () => {
    const graph = graphOf();
    const video = chain(source(), fps, filter('transpose', { dir: 'clock' }));
    const pads = [graph.toEncoder(chain(video, scale), 8), graph.toEncoder(chain(video, scale), 8)];
    const image = graph.toMemory(chain(video, blur));
    expect(pads[0]).toBe(pads[1]);
    expect(written(...pads, image).match(/vpp_qsv|hwdownload/g)).toEqual(['vpp_qsv', 'vpp_qsv', 'hwdownload']);
  });

  it('crops a region for the CPU out of frames that are in main memory already', () => {
    const video = chain(source(), fps);
    const region = chain(video, filter('crop', { w: 40, h: 40, x: 0, y: 0 }), blur);
    const made = graphOf().toEncoder(join('video', [video, region], filter('overlay', { x: 0, y: 0 })), 8);
    expect(written(made).match(/hwdownload|crop=|hwupload/g)).toEqual(['hwdownload', 'crop=', 'hwupload']);
  });

  it('overlays a layer on the GPU, and on the CPU where frames have 10 bits', () => {
    const layer = { pad: generate('video', filter('color', { c: 'red' })), x: 4, y: 6, endless: false };
    const laid = (stream: Pad): FilterPad => ({
      ...join('video', [chain(stream, fps), layer.pad], filter('overlay', { x: 4, y: 6 })),
      layer,
    });
    expect(written(graphOf().toEncoder(laid(source()), 8))).toContain('overlay_qsv=x=4:y=6:eof_action=repeat[');
    const ten = source({ codec: 'hevc', pixelFormat: 'yuv420p10le', bitDepth: 10 });
    for (const [graph, stream] of [
      [graphOf(), ten],
      [graphOf({ overlays: false }), source()],
    ] as const) {
      const graphText = written(graph.toEncoder(laid(stream), 8));
      expect(graphText).toContain('overlay=x=4:y=6');
      expect(graphText).not.toContain('overlay_qsv');
    }
  });

  it('rotates what players would rotate, and removes the display matrix', () => {
    const made = graphOf().toEncoder(chain(source({ rotation: 270 }), fps), 8);
    expect(written(made)).toBe(
      `[0:0]sidedata=mode=delete:type=DISPLAYMATRIX,${text.fps},vpp_qsv=transpose=cclock:async_depth=0[p0]`,
    );
  });

  it('sets the colours for a processor that would change them, and not for one without these options', () => {
    const sd = source({ colorSpace: 'smpte170m', colorPrimaries: 'smpte170m', colorTransfer: 'unknown' });
    const pad = chain(sd, fps, scale);
    expect(written(graphOf().toEncoder(pad, 8))).toContain(
      'vpp_qsv=w=320:h=180:out_color_matrix=smpte170m:out_color_primaries=smpte170m:async_depth=0[',
    );
    expect(written(graphOf({ ffmpeg: [5, 1] }).toEncoder(pad, 8))).toContain('vpp_qsv=w=320:h=180:async_depth=0[');
  });

  it('does not process frames of a variable rate on the GPU, which rounds their times', () => {
    const varying = graphOf().toEncoder(chain(source({ rotation: 90 }), scale), 8);
    expect(written(varying)).toBe(
      `[0:0]sidedata=mode=delete:type=DISPLAYMATRIX,${down},transpose=dir=clock,${text.scale},${up}[p0]`,
    );
    const gridded = graphOf().toEncoder(chain(source(), fps, filter('setpts', { expr: '2*PTS' }), scale), 8);
    expect(written(gridded)).toBe(
      `[0:0]${text.fps},setpts=expr=2*PTS,${text.fps},vpp_qsv=w=320:h=180:async_depth=0[p0]`,
    );
  });

  const hdr = {
    codec: 'hevc',
    pixelFormat: 'yuv420p10le',
    bitDepth: 10,
    colorSpace: 'bt2020nc',
    colorPrimaries: 'bt2020',
    colorTransfer: 'smpte2084',
  } as const;
  const light = { light: { max: 1000, average: 400 } };
  const toSdr = [
    filter('zscale', { transferin: 'smpte2084', primariesin: 'bt2020', matrixin: 'bt2020nc', transfer: 'linear' }),
    filter('format', { pix_fmts: 'gbrpf32le' }),
    filter('zscale', { primaries: 'bt709' }),
    filter('tonemap', { tonemap: 'hable' }),
    filter('zscale', { transfer: 'bt709', matrix: 'bt709', range: 'limited' }),
    filter('format', { pix_fmts: 'yuv420p' }),
    filter('sidedata', { mode: 'delete', type: 'MASTERING_DISPLAY_METADATA' }),
  ];

  it('maps the tones of a film with a light level', () => {
    const pad = chain(source({ ...hdr, hdr: light }), fps, ...toSdr, scale);
    const colours = 'out_color_matrix=bt709:out_color_primaries=bt709:out_color_transfer=bt709';
    expect(written(graphOf().toEncoder(pad, 8))).toBe(
      `[0:0]${text.fps},vpp_qsv=tonemap=1:format=nv12:w=320:h=180:${colours}:async_depth=0,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,sidedata=mode=delete:type=MASTERING_DISPLAY_METADATA[p0]`,
    );
  });

  it.each([
    ['a film without a light level', graphOf(), hdr],
    ['FFmpeg 6', graphOf({ ffmpeg: [6, 1] }), { ...hdr, hdr: light }],
    ['a comparison with frames of the CPU', graphOf({ exact: true }), { ...hdr, hdr: light }],
  ])('leaves tones to the CPU for %s', (_what, graph, stream) => {
    const graphText = written(graph.toEncoder(chain(source(stream), fps, ...toSdr), 8));
    expect(graphText).toContain(toSdr.map(filterText).join(','));
    expect(graphText).not.toContain('vpp_qsv');
    expect([...graph.cpuWork]).toContain('tonemap');
  });

  it('uses only methods of the CPU where frames are compared with those', () => {
    const pad = chain(source(), fps, filter('hqdn3d', { luma_spatial: 8 }));
    expect(written(graphOf().toEncoder(pad, 8))).toContain('vpp_qsv=denoise=50');
    expect(written(graphOf({ exact: true }).toEncoder(pad, 8))).toContain('hqdn3d');
  });

  it('leaves decoding to the CPU where no GPU decodes the codec', () => {
    const stream = source({ codec: 'prores', pixelFormat: 'yuv422p10le', bitDepth: 10 });
    const made = graphOf().toEncoder(chain(chain(stream, fps, filter('format', { pix_fmts: 'yuv420p' })), scale), 8);
    expect(written(made)).toBe(`[0:0]${text.fps},format=pix_fmts=yuv420p,${up},vpp_qsv=w=320:h=180:async_depth=0[p0]`);
  });

  it('lists the work of which a part is done by the CPU', () => {
    const graph = graphOf();
    const cropped: Pad = {
      ...join('video', [chain(source(), fps)], filter('crop', { w: 640, h: 360, x: 0, y: 0 })),
      work: 'transcode',
    };
    graph.toEncoder({ ...join('video', [cropped], blur), work: 'blur' }, 8);
    expect([...graph.cpuWork]).toEqual(['blur']);
  });
});
