import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterEvent } from '../../../src/cli/client/watch-job.ts';
import { formatAge, formatBytes, formatClock, formatTable, printable } from '../../../src/cli/output/format.ts';
import { jobView } from '../../../src/cli/output/job-view.ts';
import { bar, details, PlainProgress, progressLine } from '../../../src/cli/output/progress-view.ts';

const running = (percent: number, more: Record<string, unknown> = {}, status: Record<string, unknown> = {}) =>
  jobView({
    metadata: { name: 'trim-1' },
    status: { phase: 'Running', attempt: 1, progress: { percent, step: 'encoding', ...more }, ...status },
  });

describe('a progress bar', () => {
  it.each([
    [0, '░░░░'],
    [100, '████'],
    [50, '██░░'],
    [37.5, '█▌░░'],
    [-5, '░░░░'],
    [250, '████'],
  ])('at %d percent is %s', (percent, expected) => {
    expect(bar(percent, 4)).toBe(expected);
  });

  it('has its width and never shrinks while the percentage rises', () => {
    const filled = (text: string): number => text.replaceAll('░', '').length;
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (a, b, width) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          expect(bar(low, width)).toHaveLength(width);
          expect(filled(bar(low, width))).toBeLessThanOrEqual(filled(bar(high, width)));
        },
      ),
    );
  });

  it('stands in a line that fits the terminal and shows what is known', () => {
    const view = running(42.4, { fps: 131.6, speed: 4.38, etaSeconds: 61.2 });
    expect(progressLine(view, { color: false, columns: () => 100 })).toMatch(
      /^trim-1 {2}\S+ {2}42 % {2}encoding {2}132 fps {2}4\.4x {2}1:02 left$/,
    );
    for (const columns of [1, 20, 40, 80, 200]) {
      expect(progressLine(view, { color: false, columns: () => columns }).length).toBeLessThanOrEqual(
        Math.max(20, columns - 1),
      );
    }
  });

  it('is coloured without a change of its letters', () => {
    const view = running(42);
    const strip = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');
    const colored = progressLine(view, { color: true, columns: () => 80 });
    expect(colored).not.toBe(strip(colored));
    expect(strip(colored)).toBe(progressLine(view, { color: false, columns: () => 80 }));
  });

  it('says why a queued job waits, and which attempt runs', () => {
    expect(details(jobView({ status: { phase: 'Queued', message: 'Waits for a free slot.' } }))).toBe(
      'Waits for a free slot.',
    );
    expect(details(running(1, {}, { attempt: 3 }))).toBe('encoding  attempt 3');
  });
});

describe('plain progress', () => {
  it('prints a line on every phase, attempt and ten percent, and nothing in between', () => {
    const plain = new PlainProgress();
    const lines = [0, 1, 5, 9.9, 10, 15, 25, 25].map((percent) => plain.next(running(percent)));
    expect(lines.map((line) => line !== undefined)).toEqual([true, false, false, false, true, false, true, false]);
    expect(plain.next(running(26, { step: 'verifying' }))).toBeUndefined();
    expect(plain.next(running(35, { step: 'verifying' }))).toBe('trim-1: Running 35 %  verifying');
    expect(plain.next(running(0, {}, { attempt: 2 }))).toBe('trim-1: Running 0 %  encoding  attempt 2');
  });
});

describe('an event of a job', () => {
  const job = { metadata: { name: 'a' }, status: { phase: 'Running', attempt: 1, message: 'm' } };

  it('replaces the job, or its progress', () => {
    expect(afterEvent(job, 'job', { metadata: { name: 'a' }, status: { phase: 'Failed' } })).toEqual({
      metadata: { name: 'a' },
      status: { phase: 'Failed' },
    });
    expect(jobView(afterEvent(job, 'progress', { attempt: 2, percent: 7, step: 'encoding' }))).toMatchObject({
      phase: 'Running',
      attempt: 2,
      percent: 7,
      step: 'encoding',
    });
  });

  it('changes nothing when it is of another kind or damaged', () => {
    expect(afterEvent(job, 'removed', { name: 'a' })).toBe(job);
    for (const damaged of [undefined, null, 5, 'x', []]) {
      expect(afterEvent(job, 'job', damaged)).toBe(job);
      expect(afterEvent(job, 'progress', damaged)).toBe(job);
    }
  });
});

describe('a job from a server', () => {
  it('is shown as far as it makes sense, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        const view = jobView({ metadata: { name: 'a' }, status: anything });
        expect(view.name).toBe('a');
        expect(progressLine(view, { color: false, columns: () => 80 })).toContain('a');
      }),
    );
  });
});

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.50 kB'],
    [999_600, '1.00 MB'],
    [205_800_000, '206 MB'],
    [3e15, '3.00e+3 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0:00'],
    [0.2, '0:01'],
    [61, '1:01'],
    [3600, '1:00:00'],
    [3661.4, '1:01:02'],
    [-3, '0:00'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatClock(seconds)).toBe(text);
  });

  it.each([
    [-5, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
  ])('an age of %d ms is %s', (age, text) => {
    expect(formatAge(age)).toBe(text);
  });

  it('are laid out in columns without blanks at the end', () => {
    expect(
      formatTable(
        ['A', 'LONG'],
        [
          ['wide cell', 'x'],
          ['b', ''],
        ],
      ),
    ).toBe('A          LONG\nwide cell  x\nb');
  });

  it('lose what could steer a terminal', () => {
    expect(printable('a\u001b[2Jb\u0007\u009b1m\r\n\tc\u202ed')).toBe('a[2Jb1m\n\tcd');
  });
});
