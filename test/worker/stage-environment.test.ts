import { describe, expect, it } from 'vitest';
import { readStageEnvironment } from '../../src/worker/stage-environment.ts';
import { stageOf } from './worker-harness.ts';

const complete = {
  FRAMEWRIGHT_STAGE: JSON.stringify(stageOf()),
  FRAMEWRIGHT_RESULT_FILE: '/run/result.json',
  FRAMEWRIGHT_SCRATCH_DIR: '/run/scratch',
  FRAMEWRIGHT_OBJECTS_DIR: '/objects',
};

function problem(env: Record<string, string | undefined>): string {
  try {
    readStageEnvironment({ ...complete, ...env });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'none';
}

describe('the environment of a worker', () => {
  it('has defaults for all but the stage and its folders', () => {
    expect(readStageEnvironment(complete)).toEqual({
      spec: stageOf(),
      resultFile: '/run/result.json',
      scratchDir: '/run/scratch',
      objectsDir: '/objects',
      sources: { hosts: ['*'], allowedRanges: [] },
      maxInputBytes: 100 * 1024 ** 3,
      tools: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', env: {} },
      folders: { dri: '/dev/dri', drmClass: '/sys/class/drm' },
      logLevel: 'info',
    });
  });

  it('takes lists apart at their commas', () => {
    const env = {
      ...complete,
      FRAMEWRIGHT_SOURCE_HOSTS: 'a.test, *.b.test ,',
      FRAMEWRIGHT_ALLOWED_SOURCE_RANGES: '10.0.0.0/8',
    };
    expect(readStageEnvironment(env).sources).toEqual({ hosts: ['a.test', '*.b.test'], allowedRanges: ['10.0.0.0/8'] });
  });

  it('looks for GPUs where it is told to', () => {
    const env = { ...complete, FRAMEWRIGHT_DRI_DIR: '/host/dri', FRAMEWRIGHT_DRM_CLASS_DIR: '/host/drm' };
    expect(readStageEnvironment(env).folders).toEqual({ dri: '/host/dri', drmClass: '/host/drm' });
    expect(problem({ FRAMEWRIGHT_DRI_DIR: '' })).toMatch(/^FRAMEWRIGHT_DRI_DIR: /);
  });

  it('gives FFmpeg what drivers and loaders need, and neither secrets nor the stage', () => {
    const harmless = { PATH: '/usr/bin', LD_LIBRARY_PATH: '/opt/vpl', LIBVA_DRIVER_NAME: 'iHD', HOME: '/home/ann' };
    const secrets = {
      AWS_SECRET_ACCESS_KEY: 'x',
      S3_TOKEN: 'x',
      DB_PASSWORD: 'x',
      FRAMEWRIGHT_API_KEY: 'x',
      NODE_CHANNEL_FD: '3',
    };
    expect(readStageEnvironment({ ...complete, ...harmless, ...secrets }).tools.env).toEqual(harmless);
  });

  it.each([
    ['no stage', { FRAMEWRIGHT_STAGE: undefined }, /^Expected a stage in FRAMEWRIGHT_STAGE/],
    ['a stage that is no JSON', { FRAMEWRIGHT_STAGE: '{' }, /^Expected JSON in FRAMEWRIGHT_STAGE/],
    ['a stage that is too long', { FRAMEWRIGHT_STAGE: ' '.repeat(65_537) }, /^Expected at most 65536 bytes/],
    ['a stage without inputs', { FRAMEWRIGHT_STAGE: JSON.stringify(stageOf({ inputs: [] })) }, /^stage\.inputs: /],
    ['an unknown field', { FRAMEWRIGHT_STAGE: JSON.stringify({ ...stageOf(), extra: 1 }) }, /extra/],
    ['no scratch folder', { FRAMEWRIGHT_SCRATCH_DIR: '' }, /^FRAMEWRIGHT_SCRATCH_DIR: /],
    ['a size that is none', { FRAMEWRIGHT_MAX_INPUT_BYTES: '-1' }, /^FRAMEWRIGHT_MAX_INPUT_BYTES: /],
    ['an unknown log level', { FRAMEWRIGHT_LOG_LEVEL: 'loud' }, /^FRAMEWRIGHT_LOG_LEVEL: /],
  ])('is refused with %s', (_what, env, message) => {
    expect(problem(env)).toMatch(message);
  });
});
