import { describe, expect, it } from 'vitest';
import { readStageEnvironment } from '../../src/worker/worker-settings.ts';
import { stageOf } from '../support/worker-harness.ts';

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
      objects: { kind: 'directory', dir: '/objects' },
      s3: {
        forcePathStyle: false,
        sourceBuckets: [],
        destinationBuckets: [],
        endpoints: [],
        secrets: new Map(),
      },
      sources: { hosts: ['*'], allowedRanges: [] },
      maxInputBytes: 100 * 1024 ** 3,
      tools: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', env: {} },
      folders: { dri: '/dev/dri', drmClass: '/sys/class/drm' },
      logLevel: 'info',
    });
  });

  it('splits lists at commas', () => {
    const env = {
      ...complete,
      FRAMEWRIGHT_SOURCE_HOSTS: 'a.test, *.b.test ,',
      FRAMEWRIGHT_ALLOWED_SOURCE_RANGES: '10.0.0.0/8',
    };
    expect(readStageEnvironment(env).sources).toEqual({ hosts: ['a.test', '*.b.test'], allowedRanges: ['10.0.0.0/8'] });
  });

  it('has the configured folders of GPU devices', () => {
    const env = { ...complete, FRAMEWRIGHT_DRI_DIR: '/host/dri', FRAMEWRIGHT_DRM_CLASS_DIR: '/host/drm' };
    expect(readStageEnvironment(env).folders).toEqual({ dri: '/host/dri', drmClass: '/host/drm' });
    expect(problem({ FRAMEWRIGHT_DRI_DIR: '' })).toMatch(/^FRAMEWRIGHT_DRI_DIR: /);
  });

  it('has a bucket for objects, with uploads on the scratch volume', () => {
    const env = {
      ...complete,
      FRAMEWRIGHT_OBJECTS_DIR: undefined,
      FRAMEWRIGHT_S3_BUCKET: 'renders',
      FRAMEWRIGHT_S3_PREFIX: 'team',
      FRAMEWRIGHT_S3_ENDPOINT: 'http://s3:9000',
      FRAMEWRIGHT_S3_REGION: 'here',
      FRAMEWRIGHT_S3_FORCE_PATH_STYLE: 'on',
      FRAMEWRIGHT_S3_SOURCE_BUCKETS: 'films, clips/public/',
    };
    const server = { endpoint: 'http://s3:9000', region: 'here', forcePathStyle: true };
    expect(readStageEnvironment(env)).toMatchObject({
      objects: { kind: 's3', bucket: 'renders', prefix: 'team', uploadDir: '/run/scratch/uploads', ...server },
      s3: { sourceBuckets: ['films', 'clips/public/'], destinationBuckets: [], ...server },
    });
  });

  it('has the credentials of the Secrets that its stage names, in their order', () => {
    const s3 = (credentialsSecret: string): object => ({ bucket: 'films', key: 'a.mp4', credentialsSecret });
    const stage = {
      ...stageOf(),
      inputs: [
        { name: 'a', s3: s3('one') },
        { name: 'b', s3: s3('one') },
        { name: 'c', s3: s3('two') },
      ],
    };
    const env = {
      ...complete,
      FRAMEWRIGHT_STAGE: JSON.stringify(stage),
      FRAMEWRIGHT_S3_SECRET_0_ACCESS_KEY_ID: 'id-1',
      FRAMEWRIGHT_S3_SECRET_0_SECRET_ACCESS_KEY: 'secret-1',
      FRAMEWRIGHT_S3_SECRET_1_ACCESS_KEY_ID: 'id-2',
    };
    const { s3: access, tools } = readStageEnvironment(env);
    // The second one lacks a half: the input that names it says so.
    expect([...access.secrets]).toEqual([['one', { accessKeyId: 'id-1', secretAccessKey: 'secret-1' }]]);
    expect(tools.env).toEqual({});
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
    ['neither a folder nor a bucket', { FRAMEWRIGHT_OBJECTS_DIR: '' }, /got neither$/],
    ['a folder and a bucket', { FRAMEWRIGHT_S3_BUCKET: 'renders' }, /got both$/],
    ['no scratch folder', { FRAMEWRIGHT_SCRATCH_DIR: '' }, /^FRAMEWRIGHT_SCRATCH_DIR: /],
    ['a size that is none', { FRAMEWRIGHT_MAX_INPUT_BYTES: '-1' }, /^FRAMEWRIGHT_MAX_INPUT_BYTES: /],
    ['an unknown log level', { FRAMEWRIGHT_LOG_LEVEL: 'loud' }, /^FRAMEWRIGHT_LOG_LEVEL: /],
  ])('is rejected with %s', (_what, env, message) => {
    expect(problem(env)).toMatch(message);
  });
});
