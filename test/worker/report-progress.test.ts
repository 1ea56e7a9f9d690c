import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProgressMessage } from '../../src/model/status/progress.ts';
import { createProgressReporter } from '../../src/worker/report-progress.ts';

const identity = { namespace: 'default', name: 'job', uid: 'uid', attempt: 2, stage: 'render' };

describe('the progress reporter', () => {
  beforeEach(
    () => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['setTimeout', 'clearTimeout', 'Date'] }),
  );
  afterEach(() => void vi.useRealTimers());

  const start = () => {
    const sent: ProgressMessage[] = [];
    const clock = { now: () => Date.now(), monotonic: () => Date.now() };
    const reporter = createProgressReporter(identity, clock, (message) => sent.push(message));
    return { sent, reporter, percents: () => sent.map(({ progress }) => progress.percent) };
  };

  it('sends the first message immediately, with identity, sequence and time', () => {
    const { sent, reporter } = start();
    reporter.report({ percent: 0, step: 'fetching' });
    expect(sent).toEqual([
      {
        namespace: 'default',
        name: 'job',
        uid: 'uid',
        attempt: 2,
        sequence: 1,
        progress: { percent: 0, step: 'fetching', updatedAt: '2026-01-01T00:00:00.000Z' },
      },
    ]);
  });

  it('sends at most two messages a second, and always the latest progress', () => {
    const { sent, reporter, percents } = start();
    for (let percent = 0; percent <= 100; percent += 1) {
      reporter.report({ percent, step: 'encoding' });
      vi.advanceTimersByTime(20);
    }
    vi.advanceTimersByTime(500);
    expect(percents()).toEqual([0, 24, 49, 74, 99, 100]);
    expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('sends the last progress when it is closed, and nothing afterwards', () => {
    const { reporter, percents } = start();
    reporter.report({ percent: 0, step: 'encoding' });
    reporter.report({ percent: 99, step: 'publishing' });
    reporter.report({ percent: 100, step: 'publishing' });
    reporter.close();
    reporter.close();
    reporter.report({ percent: 100, step: 'publishing' });
    vi.advanceTimersByTime(5000);
    expect(percents()).toEqual([0, 100]);
  });

  it('sends nothing while there is no progress', () => {
    const { reporter, percents } = start();
    reporter.report({ percent: 1, step: 'encoding' });
    vi.advanceTimersByTime(60_000);
    expect(percents()).toEqual([1]);
  });
});
