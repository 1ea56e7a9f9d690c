import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/system-clock.ts';
import type { PlannedOutput } from '../../../../src/media/planning/plan.ts';
import { measureOutput } from '../../../../src/media/verify/run/check-output.ts';
import { type MeasuredOutput, verifyOutput } from '../../../../src/media/verify/verify.ts';
import { ffmpeg, h264, never, tone, tools, video } from '../../../support/media-tools.ts';

describe('checking an output', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);

  const planned = (
    name: string,
    expected: Partial<PlannedOutput['expect']> = {},
    output: Partial<PlannedOutput> = {},
  ): PlannedOutput => ({
    name: 'main',
    kind: 'video',
    path: at(name),
    extension: name.split('.').at(-1) ?? '',
    mediaType: 'video/mp4',
    contract: {},
    ...output,
    expect: { duration: 8, frames: 200, video: true, audio: true, ...expected },
  });
  const measure = (output: PlannedOutput): Promise<MeasuredOutput> =>
    measureOutput(output, { tools, clock: systemClock, ffmpeg: [5, 1], stallSeconds: 30, signal: never });
  const failures = async (output: PlannedOutput): Promise<string[]> =>
    verifyOutput(output, await measure(output))
      .filter(({ ok }) => !ok)
      .map(({ name }) => name);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-check-'));
    await ffmpeg(...video(8), ...tone(8), ...h264, '-g', '25', '-c:a', 'aac', '-shortest', at('good.mp4'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  /** The good clip with a third of its media overwritten: header and index stay whole. */
  const spoil = async (name: string, from: number, to: number): Promise<void> => {
    const bytes = await readFile(at('good.mp4'));
    const start = bytes.indexOf('mdat') + 4;
    const length = bytes.indexOf('moov') - start;
    bytes.fill(0xa5, start + Math.floor(length * from), start + Math.floor(length * to));
    await writeFile(at(name), bytes);
  };

  it('passes a good one, with its measurements', async () => {
    expect(await failures(planned('good.mp4'))).toEqual([]);
    expect(await measure(planned('good.mp4'))).toMatchObject({ videoPackets: 200, decode: { extent: 'sample' } });
  });

  it.each([
    ['at its start', 0.05, 0.2],
    ['in its middle', 0.45, 0.6],
    ['at its end', 0.85, 0.99],
  ])('finds damage %s by samples', async (_where, from, to) => {
    await spoil('spoilt.mp4', from, to);
    expect(await failures(planned('spoilt.mp4'))).toEqual(['decodes']);
  });

  it('finds damage between the samples when the whole file is decoded', async () => {
    await spoil('spoilt.mp4', 0.3, 0.32);
    const decode = (extent: 'none' | 'full'): PlannedOutput =>
      planned('spoilt.mp4', {}, { contract: { decode: extent } });
    expect(await failures(decode('full'))).toEqual(['decodes']);
    expect(await failures(decode('none'))).toEqual([]);
  });

  it('finds an output that was cut off, that is empty, and that is not there', async () => {
    await writeFile(at('cut.mp4'), await readFile(at('good.mp4')));
    await truncate(at('cut.mp4'), 50_000);
    await writeFile(at('empty.mp4'), '');
    for (const name of ['cut.mp4', 'empty.mp4', 'none.mp4']) expect(await failures(planned(name))).toEqual(['opens']);
  });

  it('detects missing frames and audio', async () => {
    await ffmpeg('-i', at('good.mp4'), '-t', '7.8', '-an', '-c:v', 'copy', at('short.mp4'));
    const short = await failures(planned('short.mp4'));
    expect(short).toEqual(expect.arrayContaining(['streams', 'duration', 'frames', 'audio']));
  });

  it('measures loudness on request', async () => {
    const output = planned('good.mp4', { loudness: -21.8 }, { contract: { loudnessTolerance: 0.5 } });
    expect(await failures(output)).toEqual([]);
    expect(await failures(planned('good.mp4', { loudness: -14 }, { contract: { loudnessTolerance: 0.5 } }))).toEqual([
      'loudness',
    ]);
    expect((await measure(planned('good.mp4', { loudness: -14 }))).loudness).toBeUndefined();
  });

  it('opens images, animations and text', async () => {
    const still = { video: true, audio: false, width: 320, height: 180 };
    const { duration: _duration, frames: _frames, ...image } = { ...planned('x').expect, ...still };
    await ffmpeg(...video(1), '-frames:v', '1', at('poster.jpg'));
    await ffmpeg(...video(1), '-frames:v', '10', '-c:v', 'libwebp', '-loop', '0', at('preview.webp'));
    await ffmpeg(...video(1), '-frames:v', '10', at('preview.gif'));
    await writeFile(at('sprite.vtt'), 'WEBVTT\n');
    expect(await failures({ ...planned('poster.jpg', {}, { kind: 'image' }), expect: image })).toEqual([]);
    expect(await failures({ ...planned('preview.gif', {}, { kind: 'preview' }), expect: image })).toEqual([]);
    expect(await failures({ ...planned('sprite.vtt', {}, { kind: 'vtt' }), expect: image })).toEqual([]);

    const preview = { ...planned('preview.webp', {}, { kind: 'preview' }), expect: image };
    expect(await failures(preview)).toEqual([]);
    expect(await measure(preview)).toMatchObject({ videoPackets: 10, probe: { video: [{ width: 320, height: 180 }] } });
    await truncate(at('preview.webp'), 5000);
    expect(await failures(preview)).toEqual(['opens']);
  });
});
