import { describe, expect, it } from 'vitest';
import { commands, findCommand, optionsOf } from '../../../src/cli/args/command-table.ts';
import { manifestWith, parseSubmission, specWith } from '../../../src/cli/args/submission.ts';
import { UsageError } from '../../../src/cli/output/cli-error.ts';
import { renderJobSpec } from '../../../src/model/job/render-job.ts';

const submit = findCommand('submit');
const parse = (...args: string[]) => parseSubmission(args, submit ? optionsOf(submit) : []).submission;

/** The spec that a command line makes, with every source written as an asset. */
function specOf(...args: string[]) {
  const submission = parse(...args);
  if (submission.kind === 'manifest') throw new Error('expected files, got a manifest');
  const { sources, rest } = submission;
  return specWith(
    rest,
    sources.map(({ name }) => ({ name, asset: `${name}.bin` })),
  );
}

function rejection(...args: string[]): UsageError {
  try {
    specOf(...args);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('expected an error, got a spec');
}

describe('submit', () => {
  it('takes the parameters of an operation as options', () => {
    expect(specOf('--op', 'trim', '--start', '1', '--end', '5', 'clip.mp4', '-o', 'out.mkv')).toEqual({
      inputs: [{ name: 'clip', asset: 'clip.bin' }],
      operations: [{ trim: { start: 1, end: 5 } }],
      output: { container: 'mkv' },
    });
  });

  it('takes them after a colon as well, and both together', () => {
    const spelled = specOf('--op', 'trim:start=1,precise=false', '--end', '5', 'clip.mp4');
    expect(spelled.operations).toEqual([{ trim: { start: 1, end: 5, precise: false } }]);
    expect(specOf('clip.mp4', '--op', 'trim', '--start', '1', '--end', '5', '--no-precise')).toEqual(spelled);
  });

  it('gives each option to the operation before it', () => {
    const { operations } = specOf(
      'clip.mp4',
      '--op',
      'trim',
      '--start',
      '0:30',
      '--end',
      '1:02:03.5',
      '--op',
      'speed-ramp',
      '--start',
      '1',
      '--end',
      '2',
      '--speed',
      '4',
      '--op',
      'normalizeLoudness',
      '--integrated',
      '-23',
    );
    expect(operations).toEqual([
      { trim: { start: 30, end: 3723.5 } },
      { speedRamp: { segments: [{ start: 1, end: 2, speed: 4 }] } },
      { normalizeLoudness: { integrated: -23 } },
    ]);
  });

  it('starts the next region, range or segment when a parameter comes again', () => {
    const { operations } = specOf(
      'clip.mp4',
      '--op',
      'blur:x=10,y=10,width=100,height=50,unit=percent,x=1,y=2,width=3,height=4,start=5',
      '--op',
      'mute',
      '--start',
      '1',
      '--end',
      '2',
      '--start',
      '3',
      '--end',
      '4',
    );
    expect(operations).toEqual([
      {
        blur: {
          regions: [
            { x: 10, y: 10, width: 100, height: 50 },
            { x: 1, y: 2, width: 3, height: 4, start: 5 },
          ],
          unit: 'percent',
        },
      },
      {
        mute: {
          ranges: [
            { start: 1, end: 2 },
            { start: 3, end: 4 },
          ],
        },
      },
    ]);
  });

  it('reaches nested members by their short names where those are unambiguous', () => {
    const { operations } = specOf(
      'clip.mp4',
      'b.mp4',
      '--op',
      'merge',
      '--type',
      'fade',
      '--duration',
      '1',
      '--op',
      'thumbnail:poster.width=640,at=3',
      '--op',
      'thumbnail',
      '--sprite',
      '--op',
      'transcode:crop.x=0,y=0,width=640,height=360',
    );
    expect(operations).toEqual([
      { merge: { append: ['b'], transition: { type: 'fade', duration: 1 } } },
      { thumbnail: { poster: { width: 640, at: 3 } } },
      { thumbnail: { sprite: {} } },
      { transcode: { crop: { x: 0, y: 0, width: 640, height: 360 } } },
    ]);
  });

  it('keeps commas in quotes and after a backslash', () => {
    const { operations } = specOf(
      'clip.mp4',
      '--op',
      'subtitle:from=0,to=900,text="Hello, world",from=1000,to=2000,text=a\\, b=c',
    );
    expect(operations).toEqual([
      {
        subtitle: {
          captions: [
            { from: 0, to: 900, text: 'Hello, world' },
            { from: 1000, to: 2000, text: 'a, b=c' },
          ],
        },
      },
    ]);
  });

  it('turns files of operations into named inputs, each file once', () => {
    const submission = parse(
      'My Clip.MP4',
      '--op',
      'add-audio',
      '--input',
      'https://media.example.com/a/music.mp3?sig=1',
      '--loop',
      '--op',
      'watermark:input=asset:logo.png',
      '--op',
      'subtitle',
      '--input',
      'file:subs/clip.srt',
      '--op',
      'watermark:input=asset:logo.png',
    );
    expect(submission).toMatchObject({
      sources: [
        { name: 'my-clip', source: { kind: 'upload', path: 'My Clip.MP4' } },
        { name: 'music', source: { kind: 'url' } },
        { name: 'logo', source: { kind: 'asset', asset: 'logo.png' } },
        { name: 'clip', source: { kind: 'file', file: 'subs/clip.srt' } },
      ],
      rest: {
        operations: [
          { addAudio: { input: 'music', loop: true } },
          { watermark: { input: 'logo' } },
          { subtitle: { input: 'clip' } },
          { watermark: { input: 'logo' } },
        ],
      },
    });
  });

  it('gives files of the same name different input names', () => {
    const { inputs, operations } = specOf(
      '--op',
      'merge',
      'a/clip.mp4',
      'b/clip.mp4',
      'c/clip.mp4',
      'ä.mp4',
      '日本.mp4',
    );
    expect(inputs.map(({ name }) => name)).toEqual(['clip', 'clip-2', 'clip-3', 'input', 'input-2']);
    expect(operations).toEqual([{ merge: { append: ['clip-2', 'clip-3', 'input', 'input-2'] } }]);
  });

  it('plays a file twice that is named twice', () => {
    expect(specOf('--op', 'merge', 'a.mp4', 'a.mp4')).toEqual({
      inputs: [{ name: 'a', asset: 'a.bin' }],
      operations: [{ merge: { append: ['a'] } }],
    });
    expect(rejection('--op', 'merge', 'a.mp4').message).toContain('append or prepend');
  });

  it('sets any member of the spec, typed by the model', () => {
    expect(
      specOf(
        'clip.mp4',
        '-o',
        'out.mp4',
        '--set',
        'output.video.codec=hevc',
        '--set',
        'spec.priority=-5',
        '--set',
        'output.video.bitDepth=10',
        '--set',
        'output.renditions[0].name=hd',
        '--set',
        'podTemplate.limits.memory=4Gi',
        '--set',
        'suspend=false',
        '--op',
        'trim:end=3',
        '--set',
        'operations.0.trim.end=4',
      ),
    ).toEqual({
      inputs: [{ name: 'clip', asset: 'clip.bin' }],
      operations: [{ trim: { end: 4 } }],
      output: { container: 'mp4', video: { codec: 'hevc', bitDepth: 10 }, renditions: [{ name: 'hd' }] },
      priority: -5,
      podTemplate: { limits: { memory: '4Gi' } },
      suspend: false,
    });
  });

  it.each<[string[], RegExp]>([
    [[], /expected a file or a manifest/],
    [['clip.mp4', '--op', 'trmi'], /unknown operation "trmi" \(did you mean trim\?\)/],
    [['clip.mp4', '--start', '1'], /--start belongs to an operation: expected --op NAME before it/],
    [['clip.mp4', '--op', 'trim', '--volume', '1'], /trim has no parameter "volume"/],
    [['clip.mp4', '--op', 'trim:strat=1'], /no parameter "strat" \(did you mean start\?\)/],
    [['clip.mp4', '--op', 'trim:start=one'], /expected a number for trim start, got "one"/],
    [['clip.mp4', '--op', 'trim:start=1,start=2'], /expected trim start once, got it again/],
    [['clip.mp4', '--op', 'trim:start'], /expected a value for trim start/],
    [['clip.mp4', '--op', 'trim:precise=perhaps'], /expected true or false for trim precise/],
    [['clip.mp4', '--op', 'transcode:denoise=1.5'], /expected a whole number for transcode denoise/],
    [
      ['clip.mp4', '--op', 'add-audio:input=a.mp3,mode=mux'],
      /expected one of mix, replace \(did you mean mix\?\) for add-audio mode/,
    ],
    [
      ['clip.mp4', '--op', 'thumbnail:width=3'],
      /"width" of thumbnail is ambiguous: expected poster.width or sprite.width or preview.width/,
    ],
    [['clip.mp4', '--op', 'subtitle:text="open'], /expected a closing "/],
    [['clip.mp4', '--op', ''], /unknown operation ""/],
    [['a.mp4', 'b.mp4'], /expected one file, got 2/],
    [['a.mp4', 'b.mp4', '--op', 'merge:append=c.mp4'], /expected one file, got 2/],
    [['ftp://media.example.com/a.mp4'], /got a ftp URL/],
    [['asset:'], /expected a name after asset:, got nothing/],
    [
      ['clip.mp4', '--set', 'output.vidoe.codec=hevc'],
      /no "vidoe" in --set output.vidoe.codec \(did you mean video\?\)/,
    ],
    [['clip.mp4', '--set', 'output'], /expected PATH=VALUE after --set/],
    [['clip.mp4', '--set', 'operations[3].trim.end=1'], /expected an index from 0 to 0/],
    [['clip.mp4', '--set', 'output.video.quality=best'], /expected a whole number for --set output.video.quality/],
    [['clip.mp4', '--set', '__proto__.polluted=1'], /no "__proto__"/],
    [['clip.mp4', '--op', 'trim:__proto__=1'], /no parameter "__proto__"/],
    [['clip.mp4', '--op', 'trim', '--start', '9', '--end', '3'], /trim\.end: end must be greater than start/],
    [['clip.mp4', '--op', 'blur:x=1'], /the job has 3 errors/],
  ])('rejects %j', (args, message) => {
    expect(rejection(...args).message).toMatch(message);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('names the member and the rule in the first line when one thing is wrong', () => {
    const reversed = rejection('clip.mp4', '--op', 'trim:start=5,end=1');
    expect(reversed.message).toBe('spec.operations[0].trim.end: end must be greater than start');
    expect(reversed.details).toEqual([]);
    expect(rejection('clip.mp4', '--op', 'trim:start=9,end=3', '--set', 'priority=999').message).toBe(
      'the job has 2 errors',
    );
  });

  it('names every wrong member of a job that contradicts itself', () => {
    expect(rejection('clip.mp4', '--op', 'trim:start=9,end=3', '--set', 'priority=999').details).toEqual([
      'spec.operations[0].trim.end: end must be greater than start',
      expect.stringMatching(/^spec\.priority: /),
    ]);
  });

  it('recognizes a manifest by its ending, and lets --set change it', () => {
    expect(parse('job.yaml', '--set', 'priority=3')).toEqual({
      kind: 'manifest',
      path: 'job.yaml',
      sets: ['priority=3'],
    });
    expect(manifestWith({ kind: 'RenderJob', spec: { inputs: [] } }, ['priority=3'])).toEqual({
      kind: 'RenderJob',
      spec: { inputs: [], priority: 3 },
    });
    expect(() => parse('job.yaml', 'other.yaml')).toThrow('expected one manifest, got 2 files');
    expect(() => parse('job.yaml', '--op', 'trim')).toThrow('expected --set with a manifest, got --op');
  });
});

describe('the examples of the help', () => {
  const lines = commands
    .filter(({ name }) => name === 'submit' || name === 'plan')
    .flatMap(({ examples }) => examples.map(({ line }) => line));

  it.each(lines)('%s is a valid command line', (line) => {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(2);
    const submission = parse(...words);
    if (submission.kind === 'files') expect(renderJobSpec.safeParse(specOf(...words)).success).toBe(true);
  });
});
