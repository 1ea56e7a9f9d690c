import { describe, expect, it } from 'vitest';
import type { PlannedOutput } from '../../../src/media/planning/plan.ts';
import type { Probe, VideoStream } from '../../../src/media/probe/probe.ts';
import { type MeasuredOutput, verifyOutput } from '../../../src/media/verify/verify.ts';

const stream: VideoStream = {
  index: 0,
  codec: 'h264',
  width: 1280,
  height: 720,
  rotation: 0,
  sampleAspectRatio: { num: 1, den: 1 },
  pixelFormat: 'yuv420p',
  bitDepth: 8,
  frameRate: { num: 25, den: 1 },
  variableFrameRate: false,
  timeBase: { num: 1, den: 12_800 },
  startTime: 0,
  interlaced: false,
  hasBFrames: 2,
};
const audio = {
  index: 1,
  codec: 'aac',
  sampleRate: 48_000,
  channels: 2,
  startTime: 0,
  timeBase: { num: 1, den: 48_000 },
};

const probe: Probe = {
  path: '/o.mp4',
  format: 'mov,mp4',
  duration: 10,
  startTime: 0,
  bytes: 1000,
  video: [stream],
  audio: [audio],
  subtitles: [],
  coverArt: 0,
  chapters: 0,
};

const good: MeasuredOutput = { bytes: 1000, probe, videoPackets: 250, audioPackets: 470, decode: { extent: 'sample' } };

function planned(expected: Partial<PlannedOutput['expect']> = {}, output: Partial<PlannedOutput> = {}): PlannedOutput {
  return {
    name: 'main',
    kind: 'video',
    path: '/o.mp4',
    extension: 'mp4',
    mediaType: 'video/mp4',
    contract: {},
    ...output,
    expect: {
      duration: 10,
      frames: 250,
      video: true,
      audio: true,
      width: 1280,
      height: 720,
      videoCodec: 'h264',
      audioCodec: 'aac',
      ...expected,
    },
  };
}

function failing(plan: PlannedOutput, measured: Partial<MeasuredOutput> = {}): string[] {
  return verifyOutput(plan, { ...good, ...measured })
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);
}

describe('an output passes', () => {
  it('with all checks listed when everything is as planned', () => {
    const checks = verifyOutput(planned(), good);
    expect(checks.map(({ name }) => name)).toEqual([
      'opens',
      'streams',
      'size',
      'duration',
      'packets',
      'frames',
      'audio',
      'decodes',
    ]);
    expect(checks.every(({ ok }) => ok)).toBe(true);
  });

  it.each([
    ['a duration within 50 ms', planned({ duration: 10.05 })],
    [
      'a duration within one frame of a slow clip',
      planned({ duration: 10.9 }),
      { probe: { ...probe, video: [{ ...stream, frameRate: { num: 1, den: 1 } }] } },
    ],
    ['a copy that overshoots as planned', planned({ duration: 9.7, tolerance: 0.3 })],
    ['the tolerance that the job asks for', planned({ duration: 12 }, { contract: { durationTolerance: 2 } })],
    ['one frame more or less', planned({ frames: 251 })],
    [
      'an image, which has neither duration nor audio',
      planned({}, { kind: 'image' }),
      {},
      ['duration', 'frames', 'audio'],
    ],
  ])('with %s', (_what, plan, measured = {}, without: readonly string[] = []) => {
    const bare = without.length === 0 ? plan : { ...plan, expect: { video: true, audio: false } };
    const changed = without.length === 0 ? measured : { probe: { ...probe, audio: [] }, audioPackets: 0 };
    expect(failing(bare, changed)).toEqual([]);
  });

  it('as text without being opened as media', () => {
    expect(verifyOutput(planned({}, { kind: 'vtt', extension: 'vtt' }), { bytes: 120 })).toEqual([
      { name: 'opens', ok: true, expected: 'a readable vtt file', measured: '120 bytes' },
    ]);
  });
});

describe('an output fails', () => {
  it.each([
    ['is empty', planned(), { bytes: 0 }, ['opens']],
    ['lost a tenth of a second', planned({ duration: 10.1 }), {}, ['duration']],
    ['lost two frames', planned({ frames: 252 }), {}, ['frames']],
    ['has another size', planned({ width: 1920 }), {}, ['size']],
    ['has another codec', planned({ videoCodec: 'hevc' }), {}, ['streams']],
    ['has no packets behind its header', planned(), { videoPackets: 0 }, ['packets', 'frames']],
    ['lost its audio', planned(), { probe: { ...probe, audio: [] }, audioPackets: 0 }, ['streams', 'packets', 'audio']],
    ['speaks although it was muted', planned({ audio: false }), {}, ['audio']],
    ['has a video that was to be left out', planned({ video: false }), {}, ['streams']],
    ['does not decode', planned(), { decode: { extent: 'full', error: 'Invalid NAL unit' } }, ['decodes']],
    ['misses its loudness', planned({ loudness: -16 }), { loudness: -18.2 }, ['loudness']],
    [
      'lacks the audio that the contract requires',
      planned({ audio: false }, { contract: { requireAudio: true } }),
      { probe: { ...probe, audio: [] }, audioPackets: 0 },
      ['audio'],
    ],
  ] as const)('that %s', (_what, plan, measured, names) => {
    expect(failing(plan, measured)).toEqual(names);
  });

  it('that does not open, with the reason and no further checks', () => {
    const checks = verifyOutput(planned(), { bytes: 10, openError: 'moov atom not found' });
    expect(checks).toEqual([
      { name: 'opens', ok: false, expected: 'a readable mp4 file', measured: 'moov atom not found' },
    ]);
  });

  it('with figures that fit into a result', () => {
    const error = 'x'.repeat(500);
    for (const check of verifyOutput(planned(), { ...good, decode: { extent: 'full', error } })) {
      expect(check.measured?.length ?? 0).toBeLessThanOrEqual(80);
    }
  });
});
