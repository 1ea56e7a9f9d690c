import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../src/model/job/operations.ts';
import type { StageSpec } from '../../src/model/job/stage.ts';
import { difference, ffmpeg, grayFrames, makeClip, probe, scratch } from '../support/media.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';
import { runWorkerOn, type WorkerRun } from '../support/worker-run.ts';

/** What means something to a shell, to FFmpeg's graphs and options, to its lists, or to formats of subtitles. */
const marks = [
  '$(touch pwned) `touch pwned`; touch pwned | tee pwned & > pwned',
  `it's "quoted" [in] split=2, scale=1:1 [out]; eof=1:x\\=2`,
  '%s %d %03d %n %{pts} ${HOME} ~/x *?#!',
  '{\\an8}{\\p1}m 0 0 l 9 9{\\p0} \\N \\n \\h {} <b>fat</b> <font color="red">',
  '-i /etc/passwd -f concat --> 00:00:01,000 --> WEBVTT NOTE',
  'ä 中文 עברית 👩‍👩‍👧 \u202E\u2028\u0085 zero\u200Bwidth',
] as const;

let dir: Awaited<ReturnType<typeof scratch>>;
let bench: Bench;
const at = (name: string): string => join(dir.path, name);
const whole = { x: 0, y: 0, width: 320, height: 180 };
const fine = { video: { preset: 'performance', quality: 1 } } as const;

beforeAll(async () => {
  dir = await scratch();
  await makeClip(at('clip.mp4'), { seconds: 1, rate: '25' });
});
afterAll(() => dir[Symbol.asyncDispose]());
beforeEach(async () => {
  bench = await createBench();
});
afterEach(async () => {
  // Whatever ran the marks as a command would have left this.
  for (const folder of [process.cwd(), bench.scratch, bench.mediaRoot, dir.path])
    expect((await readdir(folder)).filter((name) => name === 'pwned')).toEqual([]);
  await bench.close();
});

const run = (spec: Partial<StageSpec>): Promise<WorkerRun> =>
  runWorkerOn(bench, stageOf({ inputs: [{ name: 'main', file: 'clip.mp4' }], output: fine, ...spec }), {
    FRAMEWRIGHT_MEDIA_ROOT: dir.path,
  });
const rightly = ({ result }: WorkerRun): void => {
  expect(result.error).toBeUndefined();
  expect(result.checks?.filter(({ ok }) => !ok)).toEqual([]);
};

describe('a name under the media root', () => {
  /** The model takes neither backslashes nor control characters. */
  const names = [
    ...marks.map((mark) => mark.replaceAll(/[\\/\u0000-\u001f\u0085]/g, '_')),
    '-y -i.mp4',
    'http:x.mp4',
    'concat:a|b.mp4',
    'pipe:0',
    'series-%03d.mp4',
  ];

  it.each(names)('such as %j opens that file and no other', async (name) => {
    await mkdir(at('names'), { recursive: true });
    await copyFile(at('clip.mp4'), at(join('names', name)));
    await writeFile(at(join('names', `${name}.srt`)), '1\n00:00:00,000 --> 00:00:02,000\nHello\n');
    const clips = ['main', 'other', 'mark', 'audio'].map((input) => ({ name: input, file: `names/${name}` }));
    const inputs = [...clips, { name: 'text', file: `names/${name}.srt` }];
    const merge = { merge: { append: ['other'] } };
    const edits = [
      { watermark: { input: 'mark', width: 10 } },
      { addAudio: { input: 'audio' } },
      { subtitle: { input: 'text', style: { size: 20 } } },
    ];
    const edited = await run({ inputs, operations: [merge, ...edits] });
    rightly(edited);
    const [before, after] = [await grayFrames(at('clip.mp4')), await grayFrames(edited.path())];
    expect(difference(before[12], after[12], { x: 60, y: 100, width: 200, height: 80 })).toBeGreaterThan(1);
    const soft = { subtitle: { input: 'text', mode: 'soft' as const } };
    const joined = await run({ inputs, operations: [merge, soft], output: {} });
    rightly(joined);
    expect(joined.result.acceleration?.backend).toBe('copy');
    expect((await probe(joined.path())).subtitles).toHaveLength(1);
  });

  it('that is a pattern for a series of images opens that image alone', async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'color=white:s=64x64', '-frames:v', '1', '-update', '1', at('p001.png'));
    await ffmpeg('-f', 'lavfi', '-i', 'color=black:s=64x64', '-frames:v', '1', '-update', '1', at('other.png'));
    await copyFile(at('other.png'), at('p%03d.png'));
    const { path, ...rest } = await run({
      inputs: [{ name: 'main', file: 'p%03d.png' }],
      output: { container: 'mp4', ...fine },
    });
    rightly({ path, ...rest });
    const [frame] = await grayFrames(path(), 64, 64);
    expect(frame?.[2000]).toBeLessThan(20);
  });
});

describe('the text of a caption', () => {
  it.each(marks)('such as %j is shown as text, and only in its time', async (text) => {
    const captions = [{ id: text.slice(0, 40), from: 400, to: 800, text }];
    const burnt = await run({ operations: [{ subtitle: { captions, style: { size: 8 } } }] });
    rightly(burnt);
    const [before, after] = [await grayFrames(at('clip.mp4')), await grayFrames(burnt.path())];
    expect(after).toHaveLength(25);
    for (const index of [0, 9, 20, 24]) expect(difference(before[index], after[index], whole)).toBeLessThan(1);
    for (const index of [10, 19]) {
      expect(difference(before[index], after[index], { x: 0, y: 90, width: 320, height: 90 })).toBeGreaterThan(1);
      // Nothing in the text changes its position.
      expect(difference(before[index], after[index], { x: 0, y: 0, width: 320, height: 60 })).toBeLessThan(1);
    }
  });

  it.each(marks)('such as %j comes back from a track as it was', async (text) => {
    const captions = [{ from: 200, to: 800, text }];
    const operations: Operation[] = [{ subtitle: { mode: 'soft', language: 'pt-BR', captions } }];
    const soft = await run({ operations, output: { container: 'mkv' } });
    rightly(soft);
    await ffmpeg('-i', soft.path(), '-map', '0:s:0', '-c', 'copy', at('back.srt'));
    const words = (value: string): string =>
      value
        .replaceAll('\u2060', '')
        .replaceAll(/[\s\u2028\u0085]+/g, ' ')
        .replaceAll('-->', '->')
        .trim();
    const [, , ...lines] = (await readFile(at('back.srt'), 'utf8')).trim().split('\n');
    expect(words(lines.join('\n'))).toBe(words(text));
  });
});

describe('what a file says of itself', () => {
  it.each(marks)('such as %j stays a title, and does nothing', async (mark) => {
    const escaped = mark.replaceAll(/[=;#\\\n]/g, (character) => `\\${character}`);
    const chapter = '[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\n';
    await writeFile(at('tags.txt'), `;FFMETADATA1\ntitle=${escaped}\nartist=${escaped}\n${chapter}title=${escaped}\n`);
    const tagged = ['-map_metadata', '1', '-map_chapters', '1', '-metadata:s:a:0', `language=${mark}`];
    await ffmpeg('-i', at('clip.mp4'), '-i', at('tags.txt'), '-map', '0', ...tagged, '-c', 'copy', at('tagged.mkv'));
    const inputs = [{ name: 'main', file: 'tagged.mkv' }];
    for (const operations of [[], [{ transcode: { force: true } }, { mute: { ranges: [{ start: 0, end: 0.5 }] } }]]) {
      const made = await run({ inputs, operations, output: operations.length === 0 ? {} : fine });
      rightly(made);
      expect(await titleOf(made.path())).toBe(await titleOf(at('tagged.mkv')));
    }
  });

  const titleOf = async (path: string): Promise<string | undefined> => {
    await ffmpeg('-i', path, '-f', 'ffmetadata', `${path}.txt`);
    return /^title=(.*)$/m.exec(await readFile(`${path}.txt`, 'utf8'))?.[1];
  };
});
