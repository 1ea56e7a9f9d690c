import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeFilterValue, fileUrl } from '../../../src/media/filters/escape.ts';
import { ffmpeg, scratch } from '../../support/media.ts';

test('FFmpeg opens files whatever characters their names hold', async () => {
  await using dir = await scratch();
  const names = fc.string({
    unit: fc.constantFrom(...Array.from(`\\':,;[]=% \n"{}()|@#aé`)),
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      const path = `${dir.path}/x${name}.srt`;
      await writeFile(path, '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
      const filter = `color=s=32x32:d=0.04,subtitles=filename=${escapeFilterValue(fileUrl(path))}[out]`;
      const said = await ffmpeg('-filter_complex', filter, '-map', '[out]', '-f', 'null', '-');
      expect(said).not.toContain('Unable to open');
    }),
    { numRuns: 25 },
  );
});
