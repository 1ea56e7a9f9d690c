import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { difference, ffmpeg, grayFrames, makeClip, probe, render, scratch } from '../../support/media.ts';

let dir: Awaited<ReturnType<typeof scratch>>;
let clip: string;

beforeAll(async () => {
  dir = await scratch();
  clip = await makeClip(`${dir.path}/clip.mp4`);
});
afterAll(async () => dir[Symbol.asyncDispose]());

describe('texts through a change of speed', () => {
  const srt = '1\n00:00:00,500 --> 00:00:01,500\nFirst\n\n2\n00:00:02,000 --> 00:00:03,500\nSecond\n';
  /** Twice as fast for two seconds, then slowing down to half the speed. */
  const ramp = {
    speedRamp: {
      segments: [
        { start: 0, end: 2, speed: 2 },
        { start: 2, end: 4, speed: 1, endSpeed: 0.5 },
      ],
    },
  };
  /** The integral of dt / v(t) of that, by hand. */
  const moved = (t: number): number => (t <= 2 ? t / 2 : 1 - 4 * Math.log(1 - (t - 2) / 4));
  const timesOf = async (path: string): Promise<number[][]> => {
    await ffmpeg('-i', path, '-map', '0:s:0', `${path}.srt`);
    const text = await readFile(`${path}.srt`, 'utf8');
    const clock = (value = ''): number => Number(value.slice(6).replace(',', '.'));
    return [...text.matchAll(/(\S+) --> (\S+)/g)].map(([, from, to]) => [clock(from), clock(to)]);
  };

  test.each(['mp4', 'mkv'] as const)('in a track stay with their frames, in %s', async (container) => {
    const text = `${dir.path}/ramp.srt`;
    await writeFile(text, srt);
    const captions = [
      { from: 500, to: 1500, text: 'First' },
      { from: 2000, to: 3500, text: 'Second' },
    ];
    for (const source of [{ input: 'text' }, { captions }]) {
      const { path } = await render(dir.path, {
        inputs: { clip, text },
        operations: [{ subtitle: { mode: 'soft', ...source } }, ramp],
        output: { container, video: { preset: 'performance' } },
      });
      const times = await timesOf(path());
      const expected = [
        [0.5, 1.5],
        [2, 3.5],
      ].map((pair) => pair.map(moved));
      expect(times).toHaveLength(2);
      for (const [index, pair] of times.entries())
        for (const [side, time] of pair.entries()) expect(time).toBeCloseTo(expected[index]?.[side] ?? 0, 1);
    }
  });

  test('follow a second change and a cut after it', async () => {
    const text = `${dir.path}/twice.srt`;
    await writeFile(text, srt);
    const { path } = await render(dir.path, {
      inputs: { clip, text },
      operations: [
        { subtitle: { mode: 'soft', input: 'text' } },
        { speedRamp: { segments: [{ start: 0, end: 4, speed: 2 }] } },
        { speedRamp: { segments: [{ start: 0, end: 1, speed: 0.5 }] } },
        { trim: { start: 0.4, end: 2.4 } },
      ],
      output: { container: 'mkv', video: { preset: 'performance' } },
    });
    // 2 s are 1 s after the first change and 2 s after the second, and so 1.6 s after the cut.
    const [first, second] = await timesOf(path());
    expect(first?.map((time) => Math.round(time * 10) / 10)).toEqual([0.1, 1.1]);
    expect(second?.[0]).toBeCloseTo(1.6, 1);
  });
});

describe('the text of a film', () => {
  const system = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf';
  const script = (font: string): string =>
    [
      '[Script Info]',
      'ScriptType: v4.00+',
      'PlayResX: 320',
      'PlayResY: 180',
      '[V4+ Styles]',
      'Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, MarginL, MarginR, MarginV, Outline',
      `Style: Default,${font},40,&H00FFFFFF,2,0,0,10,0`,
      '[Events]',
      'Format: Layer, Start, End, Style, Text',
      'Dialogue: 0,0:00:00.00,0:00:04.00,Default,iiiWWW',
      '',
    ].join('\n');
  const line = { x: 0, y: 100, width: 320, height: 80 };

  /** A font that no machine has: another one under a name of the same length, in both encodings of its table of names. */
  const rareFont = async (): Promise<string> => {
    const bytes = await readFile(system);
    const wide = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
    for (const encode of [(text: string) => Buffer.from(text, 'latin1'), wide]) {
      const [known, rare] = [encode('DejaVu Sans Mono'), encode('Qwertz Sans Mono')];
      for (let at = bytes.indexOf(known); at >= 0; at = bytes.indexOf(known, at + 1)) rare.copy(bytes, at);
    }
    await writeFile(`${dir.path}/rare.ttf`, bytes);
    return `${dir.path}/rare.ttf`;
  };
  const film = async (name: string, ...attach: readonly string[]): Promise<string> => {
    const text = `${dir.path}/${name}.ass`;
    await writeFile(text, script('Qwertz Sans Mono'));
    const path = `${dir.path}/${name}.mkv`;
    await ffmpeg('-i', clip, '-i', text, '-map', '0', '-map', '1', '-c', 'copy', ...attach, path);
    return path;
  };

  if (!existsSync(system)) console.error(`burnt in its own font: skipped, it needs ${system}`);
  test.skipIf(!existsSync(system))(
    `is burnt in its own font, or another where it has none (needs ${system})`,
    async () => {
      const attach = ['-attach', await rareFont(), '-metadata:s:t', 'mimetype=application/x-truetype-font'];
      const [fonts, plain] = [await film('fonts', ...attach), await film('plain')];
      const known = `${dir.path}/known.ass`;
      await writeFile(known, script('DejaVu Sans Mono'));
      const burnt = async (text: string): Promise<Buffer | undefined> => {
        const output = { video: { preset: 'performance', quality: 1 } } as const;
        const { path } = await render(dir.path, {
          inputs: { clip, text },
          operations: [{ subtitle: { input: 'text' } }],
          output,
        });
        return (await grayFrames(path()))[30];
      };
      const [own, fallback, expected] = [await burnt(fonts), await burnt(plain), await burnt(known)];
      expect(difference(own, expected, line)).toBeLessThan(1);
      expect(difference(fallback, expected, line)).toBeGreaterThan(4);
      expect(difference(fallback, (await grayFrames(clip))[30], line)).toBeGreaterThan(4);

      const { path } = await render(dir.path, {
        inputs: { fonts },
        operations: [{ trim: { start: 1, precise: false } }],
      });
      const attached = await ffmpeg(
        '-v',
        'info',
        '-dump_attachment:t',
        `${dir.path}/back.ttf`,
        '-i',
        path(),
        '-f',
        'null',
        '-',
      );
      expect(attached).toContain('rare.ttf');
      expect(await readFile(`${dir.path}/back.ttf`)).toEqual(await readFile(`${dir.path}/rare.ttf`));
    },
  );

  test('becomes a soft track of another, in the form of its container and in its language', async () => {
    const text = `${dir.path}/german.srt`;
    await writeFile(text, '1\n00:00:00,500 --> 00:00:01,500\nGuten Tag\n');
    const german = `${dir.path}/german.mkv`;
    await ffmpeg(
      '-i',
      clip,
      '-i',
      text,
      '-map',
      '0',
      '-map',
      '1',
      '-c',
      'copy',
      '-metadata:s:s:0',
      'language=ger',
      german,
    );
    const operations = [{ subtitle: { input: 'german', mode: 'soft' as const } }];
    const { path, plan } = await render(dir.path, { inputs: { clip, german }, operations });
    expect(plan.backend).toBe('copy');
    expect((await probe(path())).subtitles).toMatchObject([{ codec: 'mov_text', language: 'ger' }]);
    await ffmpeg('-i', path(), '-map', '0:s:0', `${dir.path}/back.srt`);
    expect(await readFile(`${dir.path}/back.srt`, 'utf8')).toContain('Guten Tag');
  });

  test('is rejected where there is none', async () => {
    const operations = [{ subtitle: { input: 'clip' } }];
    await expect(render(dir.path, { inputs: { clip }, operations })).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      details: [{ path: 'spec.operations[0].subtitle.input' }],
    });
  });
});
