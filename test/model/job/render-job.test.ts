import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../src/model/job/bounds.ts';
import { jobType } from '../../../src/model/job/job-type.ts';
import { bitsPerSecond, relativePath } from '../../../src/model/job/primitives.ts';
import { renderJobSpec } from '../../../src/model/job/render-job.ts';
import { stageSpec, stageSpecOf } from '../../../src/model/job/stage.ts';
import { aJob } from '../../support/jobs.ts';

const main = { name: 'main', file: 'clip.mp4' };

/** The paths and messages of what is wrong with a spec. */
function complaints(spec: unknown): string[] {
  const parsed = renderJobSpec.safeParse(spec);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const rejected: readonly (readonly [string, unknown, string])[] = [
  ['a job without inputs', { inputs: [] }, 'inputs: '],
  ['two inputs of one name', { inputs: [main, main] }, 'inputs: the names of inputs must differ'],
  [
    'an input without a source',
    { inputs: [{ name: 'main' }] },
    'inputs.0: exactly one of url, file, asset, s3, pvc must be set',
  ],
  ['an input with two sources', { inputs: [{ ...main, asset: 'a.mp4' }] }, 'inputs.0: exactly one of'],
  [
    'a URL of another scheme',
    { inputs: [{ name: 'main', url: 'file:///etc/passwd' }] },
    'inputs.0.url: must be an http or https URL',
  ],
  [
    'a path out of the media root',
    { inputs: [{ name: 'main', file: 'a/../../b' }] },
    'inputs.0.file: must not contain ".."',
  ],
  ['an absolute path', { inputs: [{ name: 'main', file: '/etc/passwd' }] }, 'inputs.0.file: must be a relative path'],
  ['an empty operation', { inputs: [main], operations: [{}] }, 'operations.0: exactly one of transcode'],
  [
    'two operations in one',
    { inputs: [main], operations: [{ mute: {}, trim: { start: 1 } }] },
    'operations.0: exactly one of',
  ],
  ['an unknown operation', { inputs: [main], operations: [{ explode: {} }] }, 'operations.0: Unrecognized key'],
  ['a trim of nothing', { inputs: [main], operations: [{ trim: {} }] }, 'operations.0.trim: start or end must be set'],
  [
    'a trim that ends before it starts',
    { inputs: [main], operations: [{ trim: { start: 5, end: 5 } }] },
    'operations.0.trim.end: end must be greater than start',
  ],
  [
    'a merge with nothing',
    { inputs: [main], operations: [{ merge: { append: [] } }] },
    'operations.0.merge: append or prepend must name at least one input',
  ],
  [
    'a merge with an unknown input',
    { inputs: [main], operations: [{ merge: { append: ['other'] } }] },
    'operations: operations must refer to inputs by their names',
  ],
  [
    'a caption that ends before it starts',
    { inputs: [main], operations: [{ subtitle: { captions: [{ from: 5, to: 5, text: 'a' }] } }] },
    'to must be greater than from',
  ],
  [
    'ramp segments that overlap',
    {
      inputs: [main],
      operations: [
        {
          speedRamp: {
            segments: [
              { start: 0, end: 2, speed: 2 },
              { start: 1, end: 3, speed: 2 },
            ],
          },
        },
      ],
    },
    'segments must not overlap',
  ],
  [
    'a region of no width',
    { inputs: [main], operations: [{ blur: { regions: [{ x: 0, y: 0, width: 0, height: 1 }] } }] },
    'regions.0.width',
  ],
  [
    'quality together with a bit rate',
    { inputs: [main], output: { video: { quality: 20, bitrate: '4M' } } },
    'output.video: at most one of quality, bitrate, targetSize may be set',
  ],
  [
    'renditions of one name',
    { inputs: [main], output: { renditions: [{ name: 'a' }, { name: 'a' }] } },
    'the names of renditions must differ',
  ],
  [
    'segments of a file that has none',
    { inputs: [main], output: { container: 'mp4', segmentDuration: 6 } },
    'segmentDuration requires the container hls or dash',
  ],
  [
    'a rendition with the name of the playlist above it',
    { inputs: [main], output: { container: 'dash', renditions: [{ name: 'main' }] } },
    'no rendition of hls or dash may be named main',
  ],
  ['a priority beyond its range', { inputs: [main], priority: 101 }, 'priority'],
  ['an unknown field', { inputs: [main], prioriti: 1 }, 'Unrecognized key: "prioriti"'],
  [
    'a number that is none',
    { inputs: [main], operations: [{ trim: { start: Number.NaN } }] },
    'operations.0.trim.start',
  ],
  [
    'a bit rate in words',
    { inputs: [main], output: { video: { bitrate: 'fast' } } },
    'output.video.bitrate: must be a bit rate',
  ],
];

describe('renderJobSpec', () => {
  it('accepts a job that only names its input', () => {
    expect(complaints({ inputs: [main] })).toEqual([]);
  });

  it.each(rejected)('rejects %s', (_what, spec, complaint) => {
    expect(complaints(spec).join('\n')).toContain(complaint);
  });

  it('names every failing path, not only the first', () => {
    const found = complaints({ inputs: [{ name: 'Main', file: '/x' }], priority: 'high', retry: { limit: 99 } }).join(
      '\n',
    );
    for (const path of ['inputs.0.name', 'inputs.0.file', 'priority', 'retry.limit']) expect(found).toContain(path);
  });

  it('leaves what it accepts as it is, so that equal requests make equal jobs', () => {
    const spec = { inputs: [main], operations: [{ trim: { start: 1 } }], output: { video: { codec: 'h264' } } };
    expect(renderJobSpec.parse(spec)).toEqual(spec);
  });

  it('keeps every path inside the root, whatever it looks like', () => {
    const part = fc.constantFrom('..', '.', 'a', '', '/', '...', '..a', 'a..', '\\', '\u0000');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const path = parts.join('/');
        if (!relativePath.safeParse(path).success) return;
        expect(new URL(path, 'file:///srv/media/').pathname.startsWith('/srv/media/')).toBe(true);
      }),
    );
  });
});

describe('jobType', () => {
  it.each([
    [[], 'transcode'],
    [[{ addAudio: { input: 'music' } }], 'addAudio'],
    [[{ trim: { start: 1 } }, { mute: {} }], 'render'],
  ])('of %j is %s', (operations, type) => {
    expect(jobType({ operations })).toBe(type);
  });
});

describe('bitsPerSecond', () => {
  it.each([
    ['128000', 128_000],
    ['2500k', 2_500_000],
    ['1.5M', 1_500_000],
  ])('of %s is %d', (rate, bits) => {
    expect(bitsPerSecond(rate)).toBe(bits);
  });
});

describe('stageSpecOf', () => {
  it('makes a document that a worker accepts, within the size of its environment', () => {
    const captions = Array.from({ length: 60 }, (_, i) => ({
      from: i * 1000,
      to: i * 1000 + 900,
      text: 'x'.repeat(bounds.captionText),
    }));
    const job = aJob({ operations: [{ subtitle: { captions } }] });
    expect(JSON.stringify(job.spec).length).toBeLessThan(bounds.specBytes);
    const { namespace, name, uid } = job.metadata;
    const identity = { namespace, name, uid };
    const spec = stageSpecOf(
      job.spec,
      { ...identity, attempt: 1, stage: 'render' },
      { timeoutSeconds: 60, stallSeconds: 10 },
    );
    expect(stageSpec.parse(spec)).toEqual(spec);
    expect(JSON.stringify(spec).length).toBeLessThan(bounds.stageSpecBytes);
  });
});
