import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../src/errors/coded-error.ts';
import type { GpuEncode } from '../../../src/media/gpu/capabilities.ts';
import { probeRequests } from '../../../src/media/planning/planner.ts';
import type { Probe } from '../../../src/media/probe/probe.ts';
import type { Operation } from '../../../src/model/job/operations.ts';
import { anyOperation, anyOutput } from '../../support/arbitrary-operations.ts';
import {
  audioStream,
  clipProbe,
  commandOf,
  type PlanCase,
  planOf,
  software,
  videoStream,
  withDevices,
} from '../../support/plan.ts';

const text: Probe = clipProbe({
  path: '/in/words.srt',
  format: 'srt',
  video: [],
  audio: [],
  subtitles: [{ index: 0, codec: 'subrip' }],
});
const video: Probe = clipProbe({
  path: '/in/logo.png',
  format: 'png_pipe',
  duration: 0,
  video: [videoStream({ codec: 'png', width: 64, height: 64, pixelFormat: 'rgba' })],
  audio: [],
});
const song: Probe = clipProbe({
  path: '/in/song.mp3',
  format: 'mp3',
  video: [],
  audio: [audioStream({ index: 0, codec: 'mp3' })],
});

const rational = fc.record({ num: fc.integer({ min: 0, max: 60_000 }), den: fc.integer({ min: 1, max: 1001 }) });
const anyVideo = fc
  .record({
    codec: fc.constantFrom('h264', 'hevc', 'av1', 'vp9', 'mpeg4', 'prores', 'unknown'),
    width: fc.integer({ min: 0, max: 16_384 }),
    height: fc.integer({ min: 0, max: 16_384 }),
    rotation: fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const),
    sampleAspectRatio: rational,
    pixelFormat: fc.constantFrom('yuv420p', 'yuvj420p', 'yuv422p10le', 'gbrp', 'pal8', 'unknown'),
    bitDepth: fc.constantFrom(8, 10, 12),
    frameRate: rational,
    variableFrameRate: fc.boolean(),
    startTime: fc.double({ min: -10, max: 10_000, noNaN: true }),
    interlaced: fc.boolean(),
    colorTransfer: fc.constantFrom('bt709', 'smpte2084', 'arib-std-b67'),
    colorRange: fc.constantFrom('tv', 'pc'),
    hasBFrames: fc.integer({ min: 0, max: 16 }),
  })
  .map((changes) => videoStream(changes));
const anyAudio = fc
  .record({
    codec: fc.constantFrom('aac', 'opus', 'flac', 'pcm_s16le', 'unknown'),
    sampleRate: fc.integer({ min: 0, max: 384_000 }),
    channels: fc.integer({ min: 0, max: 24 }),
  })
  .map((changes) => audioStream(changes));
const anyProbe = fc
  .record({
    format: fc.constantFrom('mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm', 'mp3', 'avi', 'image2', 'hls'),
    path: fc.constantFrom('/in/a.mp4', '/in/b.mov', "/in/c'; [x],\n.webm"),
    duration: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 604_800, noNaN: true })),
    startTime: fc.double({ min: -10, max: 10_000, noNaN: true }),
    video: fc.array(anyVideo, { maxLength: 2 }),
    audio: fc.array(anyAudio, { maxLength: 3 }),
    subtitles: fc.array(
      fc.record({
        index: fc.integer({ min: 0, max: 9 }),
        codec: fc.constantFrom('subrip', 'mov_text', 'hdmv_pgs_subtitle', 'eia_608'),
      }),
      { maxLength: 2 },
    ),
    keyframes: fc
      .array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 5 })
      .map((times) => times.sort((a, b) => a - b)),
  })
  .map((changes) => clipProbe(changes));

const names = {
  seconds: 10,
  clips: ['first', 'other'],
  audioInputs: ['other', 'song'],
  marks: ['logo', 'other'],
  texts: ['words', 'other'],
};

/** Every label of the graph is made once and read once. */
function looseLabels(argv: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const graph = argv[argv.indexOf('-filter_complex') + 1] ?? '';
  const maps = argv.filter((_, index) => argv[index - 1] === '-map').join('');
  for (const [label] of `${argv.includes('-filter_complex') ? graph : ''}${maps}`.matchAll(/\[p\d+\]/g))
    counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].filter(([, count]) => count !== 2).map(([label]) => label);
}

describe('any job', () => {
  test('on any files is a plan or a coded error, and a plan is consistent', () => {
    const job = fc.record({
      first: anyProbe,
      other: anyProbe,
      operations: fc.array(anyOperation(names), { maxLength: 6 }),
      output: anyOutput(),
    });
    let plans = 0;
    fc.assert(
      fc.property(job, ({ first, other, operations, output }) => {
        try {
          const plan = planOf({ inputs: { first, other, song, logo: video, words: text }, operations, output });
          plans += 1;
          expect(plan.steps.length).toBeGreaterThan(0);
          expect(plan.steps.length).toBeLessThanOrEqual(2);
          expect(plan.steps.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
          expect(plan.outputs.length).toBeGreaterThan(0);
          for (const { path } of [...plan.outputs, ...plan.files]) expect(path.startsWith('/scratch/')).toBe(true);
          expect(new Set(plan.outputs.map(({ path }) => path)).size).toBe(plan.outputs.length);
          for (const { argv, placements } of plan.steps) {
            expect(looseLabels(argv)).toEqual([]);
            expect(argv.join(' ')).not.toMatch(/NaN|undefined|Infinity|\de-\d/);
            for (const { why } of placements) expect(why.length).toBeGreaterThan(10);
          }
        } catch (error) {
          if (!(error instanceof CodedError)) throw error;
          expect(error.details.length).toBeGreaterThan(0);
          expect(error.message).toContain(error.details[0]?.path ?? '');
        }
      }),
      { numRuns: 1500 },
    );
    expect(plans).toBeGreaterThan(100);
  });

  test('is planned the same way twice', () => {
    fc.assert(
      fc.property(fc.array(anyOperation(names), { maxLength: 4 }), (operations) => {
        const draw = (): unknown => {
          try {
            return planOf({
              inputs: { first: clipProbe(), other: clipProbe(), song, logo: video, words: text },
              operations,
            });
          } catch (error) {
            return String(error);
          }
        };
        expect(draw()).toEqual(draw());
      }),
      { numRuns: 100 },
    );
  });
});

const cut: Operation = { trim: { start: 1.5, end: 4 } };
const copies: readonly (readonly [string, PlanCase])[] = [
  ['nothing to do', {}],
  ['a cut on key frames', { operations: [{ trim: { start: 3, end: 7, precise: false } }] }],
  ['an exact cut from a key frame to the end', { operations: [{ trim: { start: 4 } }] }],
  [
    'an exact cut of a stream in order from a key frame',
    {
      inputs: { clip: clipProbe({ video: [videoStream({ hasBFrames: 0 })] }) },
      operations: [{ trim: { start: 4, end: 5 } }],
    },
  ],
  ['a mute', { operations: [{ mute: {} }] }],
  ['a mute of ranges', { operations: [{ mute: { ranges: [{ start: 1, end: 2 }] } }] }],
  ['added audio', { inputs: { clip: clipProbe(), song }, operations: [{ addAudio: { input: 'song' } }] }],
  [
    'a merge of equal clips',
    {
      inputs: { clip: clipProbe(), other: clipProbe({ path: '/in/b.mp4' }) },
      operations: [{ merge: { append: ['other', 'clip'] } }],
    },
  ],
  ['soft subtitles', { operations: [{ subtitle: { mode: 'soft', captions: [{ from: 0, to: 1, text: 'x' }] } }] }],
  ['another container', { output: { container: 'mkv' } }],
  ['the codec it has already', { output: { video: { codec: 'h264' }, audio: { codec: 'aac' } } }],
  ['the size it has already', { output: { video: { resolution: { height: 1080 } } } }],
  ['another loudness', { operations: [{ normalizeLoudness: {} }] }],
];

describe('video is copied for', () => {
  test.each(copies)('%s', (_name, job) => {
    const plan = planOf(job);
    expect(plan.backend).toBe('copy');
    expect(commandOf(plan)).toContain('-c:v copy');
    expect(plan.fallbacks).toEqual([]);
  });
});

const encodes: readonly (readonly [string, PlanCase, string])[] = [
  ['an exact cut between key frames', { operations: [cut] }, 'not a key frame'],
  ['an exact end among frames out of order', { operations: [{ trim: { end: 5 } }] }, 'out of order'],
  ['transcode with force', { operations: [{ transcode: { force: true } }] }, 'force'],
  ['another codec', { output: { video: { codec: 'hevc' } } }, 'hevc is requested'],
  ['a codec that the container does not take', { output: { container: 'webm' } }, 'webm cannot hold h264'],
  ['another quality', { output: { video: { quality: 30 } } }, 'video.quality'],
  [
    'a merge of clips of another size',
    {
      inputs: { clip: clipProbe(), other: clipProbe({ video: [videoStream({ width: 1280 })] }) },
      operations: [{ merge: { append: ['other'] } }],
    },
    'merge changes',
  ],
  ['a blur', { operations: [{ blur: { regions: [{ x: 0, y: 0, width: 10, height: 10 }] } }] }, 'blur changes'],
];

describe('video is encoded, with the reason in the plan, for', () => {
  test.each(encodes)('%s', (_name, job, why) => {
    const plan = planOf(job);
    expect(plan.backend).toBe('software');
    expect(plan.steps[0]?.placements.find(({ what }) => what === 'encode')?.why).toContain(why);
  });
});

const rejected: readonly (readonly [string, PlanCase, string, string])[] = [
  [
    'a cut that starts after the end',
    { operations: [{ trim: { start: 10 } }] },
    'SPEC_INVALID',
    'spec.operations[0].trim.start',
  ],
  [
    'a cut that starts after the end left by the one before',
    { operations: [cut, { trim: { start: 3 } }] },
    'SPEC_INVALID',
    'spec.operations[1].trim.start',
  ],
  [
    'a region outside the frame',
    { operations: [{ blur: { regions: [{ x: 1920, y: 0, width: 10, height: 10 }] } }] },
    'SPEC_INVALID',
    'spec.operations[0].blur.regions[0]',
  ],
  [
    'an input that does not exist',
    { operations: [{ watermark: { input: 'none' } }] },
    'SPEC_INVALID',
    'spec.operations[0].watermark.input',
  ],
  [
    'a copy of changed video',
    { operations: [{ transcode: { rotate: 90 } }], output: { video: { codec: 'copy' } } },
    'SPEC_INVALID',
    'spec.output.video.codec',
  ],
  [
    '10 bits in h264',
    { output: { video: { codec: 'h264', bitDepth: 10 } } },
    'SPEC_INVALID',
    'spec.output.video.bitDepth',
  ],
  [
    'a codec that its container does not take',
    { output: { container: 'webm', video: { codec: 'h264', quality: 20 } } },
    'SPEC_INVALID',
    'spec.output.video.codec',
  ],
  [
    'a ladder whose frame rates never end a segment together',
    {
      output: {
        container: 'hls',
        video: { fps: 25 },
        renditions: [{ name: 'a' }, { name: 'b', video: { fps: 29.97 } }],
      },
    },
    'SPEC_INVALID',
    'spec.output.renditions[1].video.fps',
  ],
  [
    'copied video in a ladder',
    { output: { container: 'hls', renditions: [{ name: 'a', video: { codec: 'copy' } }, { name: 'b' }] } },
    'SPEC_INVALID',
    'spec.output.renditions[0].video.codec',
  ],
  [
    'segments of copied video that was cut',
    { operations: [cut], output: { container: 'dash', video: { codec: 'copy' } } },
    'SPEC_INVALID',
    'spec.output.video.codec',
  ],
  [
    'MP3 in segments',
    { output: { container: 'hls', audio: { codec: 'mp3' } } },
    'SPEC_INVALID',
    'spec.output.audio.codec',
  ],
  [
    'a size that is too small',
    { output: { video: { targetSize: 20_000 } } },
    'SPEC_INVALID',
    'spec.output.video.targetSize',
  ],
  [
    'two thumbnails of one name',
    { operations: [{ thumbnail: { poster: {} } }, { thumbnail: { poster: {} } }] },
    'SPEC_INVALID',
    'spec.operations[1].thumbnail.name',
  ],
  [
    'a video operation on an audio file',
    { inputs: { song }, operations: [{ blur: { regions: [{ x: 0, y: 0, width: 10, height: 10 }] } }] },
    'INPUT_UNSUPPORTED',
    'spec.operations[0].blur',
  ],
  ['a playlist', { inputs: { clip: clipProbe({ format: 'hls' }) } }, 'INPUT_UNSUPPORTED', 'spec.inputs[0]'],
  [
    'an FFmpeg without the encoder',
    { output: { video: { codec: 'av1' } }, capabilities: { ...software, encoders: new Set(['aac']) } },
    'CAPABILITY_MISSING',
    'spec.output.video.codec',
  ],
  [
    'a tolerance of loudness without a loudness',
    { output: { contract: { loudnessTolerance: 1 } } },
    'SPEC_INVALID',
    'spec.output.contract.loudnessTolerance',
  ],
  [
    'the soft subtitles of a film before a ramp',
    {
      inputs: {
        clip: clipProbe(),
        film: clipProbe({ path: '/in/film.mkv', subtitles: [{ index: 2, codec: 'subrip' }] }),
      },
      operations: [
        { subtitle: { mode: 'soft', input: 'film' } },
        { speedRamp: { segments: [{ start: 0, end: 5, speed: 2 }] } },
      ],
    },
    'UNSUPPORTED',
    'spec.operations[1].speedRamp',
  ],
  [
    'a required GPU where there is none',
    { operations: [cut], acceleration: 'Required' },
    'GPU_UNAVAILABLE',
    'spec.acceleration',
  ],
];

describe('a plan is rejected for', () => {
  test.each(rejected)('%s', (_name, job, code, path) => {
    expect(() => planOf(job)).toThrow(expect.objectContaining({ code, details: [expect.objectContaining({ path })] }));
  });
});

describe('time', () => {
  test('an end after the end is clamped with a note', () => {
    const plan = planOf({ operations: [{ trim: { start: 4, end: 99 } }] });
    expect(plan.duration).toBeCloseTo(6, 6);
    expect(plan.notes.join()).toContain('after the end');
  });

  test('a required GPU is no matter where nothing is encoded', () => {
    expect(planOf({ acceleration: 'Required' }).backend).toBe('copy');
  });

  test('a time that was rounded by hand means the nearest frame', () => {
    const ntsc = clipProbe({
      video: [videoStream({ frameRate: { num: 30_000, den: 1001 }, frames: 300, duration: 10.01 })],
      duration: 10.01,
    });
    for (const start of [3.336, 3.3367, 3.337, 3.35]) {
      const plan = planOf({
        inputs: { clip: ntsc },
        operations: [{ trim: { start } }, { transcode: { force: true } }],
      });
      expect(plan.outputs[0]?.expect.frames).toBe(200);
    }
  });

  test('a chain of four edits is one process', () => {
    const operations: Operation[] = [
      cut,
      { blur: { regions: [{ x: 0, y: 0, width: 10, height: 10 }] } },
      { subtitle: { captions: [{ from: 0, to: 900, text: 'x' }] } },
      { speedRamp: { segments: [{ start: 0, end: 2, speed: 2, endSpeed: 1 }] } },
    ];
    const plan = planOf({ operations });
    expect(plan.steps).toHaveLength(1);
    expect(plan.steps[0]?.argv.filter((argument) => argument === '-i')).toHaveLength(1);
  });

  test('loudness is measured at its point of the chain, one measurement after the other', () => {
    const operations: Operation[] = [
      { normalizeLoudness: {} },
      { mute: { ranges: [{ start: 1, end: 2 }] } },
      { normalizeLoudness: { integrated: -20 } },
    ];
    const measured = { integrated: -30, range: 3, truePeak: -20, threshold: -40, offset: 0 };
    const first = planOf({ operations });
    expect(first.analyses.map(({ id }) => id)).toEqual(['operation-0']);
    const second = planOf({ operations, measurements: { 'operation-0': measured } });
    expect(second.analyses.map(({ id }) => id)).toEqual(['operation-2']);
    expect(second.analyses[0]?.argv.join(' ')).toContain('measured_I=-30');
    expect(planOf({ operations, measurements: { 'operation-0': measured, 'operation-2': measured } }).analyses).toEqual(
      [],
    );
  });
});

describe('probe requests', () => {
  test('name each needed input once, with the moments of cuts', () => {
    const inputs = ['a', 'b', 'c'].map((name) => ({ name, file: `${name}.mp4` }));
    expect(
      probeRequests({
        inputs,
        operations: [
          { trim: { start: 2 } },
          { trim: { start: 3, end: 4 } },
          { merge: { append: ['b', 'a', 'b'] } },
          { trim: { start: 1 } },
        ],
      }),
    ).toEqual([{ input: 'a', keyframesAround: [2, 5] }, { input: 'b' }]);
  });
});

describe('the ladder', () => {
  const device = { node: '/dev/dri/renderD129', driver: 'iHD' };
  const encodes = (backend: GpuEncode['backend']): GpuEncode => ({
    backend,
    codec: 'h264',
    bitDepth: 8,
    lowPower: true,
  });
  const all = withDevices({ ...device, encodes: [encodes('qsv-full'), encodes('qsv-encode'), encodes('vaapi')] });
  const output = { video: { quality: 20 } };

  test('a plain transcode stays on the GPU from file to file, on the named node', () => {
    const plan = planOf({
      output: { video: { quality: 20, resolution: { height: 720 } } },
      acceleration: 'Required',
      capabilities: all,
    });
    expect(plan).toMatchObject({ backend: 'qsv-full', device: device.node, fallbacks: [] });
    expect(commandOf(plan)).toMatch(
      /^-init_hw_device vaapi=va:\/dev\/dri\/renderD129,driver=iHD -init_hw_device qsv=qs@va -filter_hw_device qs -hwaccel qsv /,
    );
    expect(commandOf(plan)).toContain('[0:0]fps=fps=30:start_time=0,vpp_qsv=w=1280:h=720:async_depth=0[p0]');
  });

  test('an edit that only the CPU can do copies frames to main memory and to the GPU once', () => {
    const plan = planOf({
      operations: [{ blur: { regions: [{ x: 0, y: 0, width: 10, height: 10 }] } }],
      acceleration: 'Required',
      capabilities: all,
    });
    expect(plan).toMatchObject({ backend: 'qsv-full', fallbacks: [] });
    expect(commandOf(plan).match(/hwdownload/g)).toHaveLength(1);
    expect(commandOf(plan)).toContain('format=pix_fmts=nv12,hwupload=extra_hw_frames=64[');
    expect(plan.steps[0]?.placements.slice(0, 2)).toMatchObject([
      { what: 'decode', runsOn: 'gpu', why: 'frames are copied to main memory for blur only' },
      { what: 'blur', runsOn: 'cpu' },
    ]);
  });

  test('a source that no Intel GPU decodes is decoded by the CPU and encoded by the GPU', () => {
    const main = clipProbe({ video: [videoStream({ codec: 'prores', pixelFormat: 'yuv422p10le', bitDepth: 10 })] });
    const plan = planOf({ inputs: { main }, output, acceleration: 'Required', capabilities: all });
    expect(plan.backend).toBe('qsv-encode');
    expect(plan.fallbacks).toEqual([
      { from: 'qsv-full', cause: 'cpu-frames', message: 'prores in yuv422p10le is decoded by the CPU' },
    ]);
  });

  test('a codec that no device encodes ends on software with a reason for every backend', () => {
    const plan = planOf({ output: { video: { codec: 'hevc' } }, acceleration: 'Preferred', capabilities: all });
    expect(plan.backend).toBe('software');
    expect(plan.fallbacks.map(({ from }) => from)).toEqual(['qsv-full', 'qsv-encode', 'vaapi']);
    expect(plan.fallbacks[1]).toMatchObject({
      cause: 'target-unsupported',
      message: expect.stringContaining('no device encodes hevc') as unknown,
    });
  });

  test('acceleration Disabled is the cause for every backend', () => {
    const plan = planOf({ output, acceleration: 'Disabled', capabilities: all });
    const reason = { cause: 'acceleration-disabled', message: 'acceleration is Disabled' };
    expect(plan).toMatchObject({
      backend: 'software',
      fallbacks: ['qsv-full', 'qsv-encode', 'vaapi'].map((from) => ({ from, ...reason })),
    });
  });

  test('a machine without a device, and a device without a matching encode, are different causes', () => {
    const without = planOf({ output, acceleration: 'Preferred', capabilities: withDevices() });
    expect(without.fallbacks[0]).toMatchObject({ cause: 'no-device', message: 'no usable Intel render node' });
    const shared = planOf({
      output: { ...output, renditions: [{ name: 'a', video: { codec: 'hevc' } }] },
      acceleration: 'Preferred',
      capabilities: all,
    });
    expect(shared.fallbacks[0]).toMatchObject({ cause: 'target-unsupported' });
  });

  test('a backend that cannot be used at all is passed over with its cause', () => {
    const reason = { cause: 'no-session', message: 'no VPL runtime' } as const;
    const capabilities = { ...all, unavailable: { 'qsv-full': reason, 'qsv-encode': reason } };
    expect(planOf({ output, acceleration: 'Preferred', capabilities })).toMatchObject({
      backend: 'vaapi',
      fallbacks: [
        { from: 'qsv-full', ...reason },
        { from: 'qsv-encode', ...reason },
      ],
    });
  });
});
