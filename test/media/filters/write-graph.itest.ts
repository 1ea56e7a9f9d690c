import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { fileUrl } from '../../../src/media/filters/escape.ts';
import { filter, join } from '../../../src/media/filters/graph.ts';
import { writeGraph } from '../../../src/media/filters/write-graph.ts';
import { test } from '../../support/fixtures.ts';
import { ffmpeg } from '../../support/media.ts';

test('FFmpeg opens files whatever characters their names contain', async ({ scratch }) => {
  const names = fc.string({
    unit: fc.constantFrom(...Array.from(`\\':,;[]=% \n"{}()|@#aé`)),
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      const path = `${scratch}/x${name}.srt`;
      await writeFile(path, '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
      const source = filter('color', { size: '32x32', duration: 0.04 });
      const pad = join('video', [], source, filter('subtitles', { filename: fileUrl(path) }));
      const { text, labels } = writeGraph([pad], () => 0);
      const log = await ffmpeg(
        '-filter_complex',
        text,
        ...labels.flatMap((label) => ['-map', label]),
        '-f',
        'null',
        '-',
      );
      expect(log).not.toContain('Unable to open');
    }),
    { numRuns: 25 },
  );
});
