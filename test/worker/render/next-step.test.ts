import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors/coded-error.ts';
import type { ErrorCode } from '../../../src/errors/error-table.ts';
import { FfmpegError } from '../../../src/media/ffmpeg/run/ffmpeg-process.ts';
import type { GpuDevice, GpuEncode } from '../../../src/media/gpu/capabilities.ts';
import { MalformedMp4Error } from '../../../src/media/mp4/boxes.ts';
import { SmartCutError } from '../../../src/media/smart-cut/nal-units.ts';
import type { EncoderBackend } from '../../../src/model/status/result.ts';
import { nextStep, type PlanState } from '../../../src/worker/render/next-step.ts';
import { planOf, withDevices } from '../../support/plan.ts';

const encode = (backend: GpuEncode['backend']): GpuEncode => ({ backend, codec: 'h264', bitDepth: 8, lowPower: false });
const device: GpuDevice = {
  node: '/dev/dri/renderD128',
  driver: 'iHD',
  encodes: [encode('qsv-full'), encode('qsv-encode'), encode('vaapi')],
};
const measurements = { 'loudness-1': { integrated: -20, range: 5, truePeak: -1, threshold: -30, offset: 0 } };

function stateOf(backend: EncoderBackend, smartCut = false): PlanState {
  const { precision: _none, ...plan } = planOf({});
  const precision = smartCut ? { precision: { method: 'smart-cut' as const } } : {};
  return { plan: { ...plan, backend, ...precision }, conditions: { capabilities: withDevices(device), measurements } };
}

const ffmpegError = (code: ErrorCode): FfmpegError => new FfmpegError({ code, message: `FFmpeg: ${code}` }, 'log');

describe('after a failure on an encoder backend', () => {
  it('the backend is left out, with the cause and the message of the failure', () => {
    const next = nextStep(stateOf('qsv-full'), ffmpegError('GPU_FAILED'));
    expect(next).toMatchObject({
      action: 'retry',
      failed: 'backend',
      failure: { code: 'GPU_FAILED' },
      conditions: {
        capabilities: {
          devices: [{ node: device.node, encodes: [encode('qsv-encode'), encode('vaapi')] }],
          unavailable: { 'qsv-full': { cause: 'device-failed', message: 'FFmpeg: GPU_FAILED' } },
        },
        measurements,
      },
    });
  });

  it('reasons of backends that failed before are kept', () => {
    const first = nextStep(stateOf('qsv-full'), ffmpegError('FFMPEG_STALLED'));
    if (first.action !== 'retry') throw first.failure;
    const state = { plan: stateOf('qsv-encode').plan, conditions: first.conditions };
    expect(nextStep(state, ffmpegError('GPU_UNAVAILABLE'))).toMatchObject({
      conditions: {
        capabilities: {
          devices: [{ encodes: [encode('vaapi')] }],
          unavailable: { 'qsv-full': { cause: 'stalled' }, 'qsv-encode': { cause: 'device-not-opened' } },
        },
      },
    });
  });

  it('an error that is not one of FFmpeg has the cause of its code', () => {
    const error = new CodedError('FFMPEG_FAILED', 'Expected aligned segments');
    expect(nextStep(stateOf('vaapi'), error)).toMatchObject({
      conditions: { capabilities: { unavailable: { vaapi: { cause: 'ffmpeg-failed', message: error.message } } } },
    });
  });

  it('the state before is not changed', () => {
    const state = stateOf('qsv-full');
    const before = structuredClone(state);
    nextStep(state, ffmpegError('GPU_FAILED'));
    expect(state).toEqual(before);
  });

  it.each<[EncoderBackend, Error]>([
    ['software', ffmpegError('FFMPEG_FAILED')],
    ['copy', ffmpegError('FFMPEG_FAILED')],
    ['qsv-encode', ffmpegError('INPUT_INVALID')],
    ['qsv-full', ffmpegError('STORAGE_FULL')],
  ])('the stage fails on %s when another backend would fail too', (backend, error) => {
    expect(nextStep(stateOf(backend), error)).toEqual({ action: 'fail', failure: error });
  });

  it('an unknown error becomes an internal one', () => {
    expect(nextStep(stateOf('qsv-full'), new Error('oops'))).toMatchObject({
      action: 'fail',
      failure: { code: 'INTERNAL_ERROR' },
    });
  });
});

describe('after a failure of a smart cut', () => {
  it.each<[string, EncoderBackend, Error, string]>([
    [
      'pieces that do not fit together',
      'qsv-full',
      new SmartCutError('expected one track, got 2'),
      'expected one track, got 2',
    ],
    ['a piece that is no MP4', 'copy', new MalformedMp4Error('no moov'), 'got no moov'],
    ['a failure on the last backend', 'software', ffmpegError('FFMPEG_FAILED'), 'FFmpeg: FFMPEG_FAILED'],
  ])('the whole clip is encoded: %s', (_what, backend, error, why) => {
    const state = stateOf(backend, true);
    const next = nextStep(state, error);
    expect(next).toMatchObject({ action: 'retry', failed: 'smart-cut', conditions: { measurements } });
    if (next.action !== 'retry') throw next.failure;
    expect(next.conditions.smartCutFailure).toMatch(/^copying failed: /);
    expect(next.conditions.smartCutFailure).toContain(why);
    expect(next.conditions.capabilities).toBe(state.conditions.capabilities);
  });

  it('another backend is tried first where there is one', () => {
    const next = nextStep(stateOf('qsv-full', true), ffmpegError('GPU_FAILED'));
    expect(next).toMatchObject({ action: 'retry', failed: 'backend' });
  });

  it.each(['FFMPEG_STALLED', 'STORAGE_FULL'] as const)('the stage fails with %s, as another plan would', (code) => {
    expect(nextStep(stateOf('software', true), ffmpegError(code))).toMatchObject({ action: 'fail', failure: { code } });
  });
});
