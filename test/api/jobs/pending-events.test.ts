import { describe, expect, it } from 'vitest';
import { type JobState, parseSeen, pendingEvents, type Seen, seenText } from '../../../src/api/jobs/pending-events.ts';
import type { RenderJob, RenderJobStatus } from '../../../src/model/job/render-job.ts';
import type { ProgressMessage } from '../../../src/model/status/progress.ts';
import { aJob, aStatus } from '../../support/jobs.ts';

function jobAt(version: string, status: Partial<RenderJobStatus> = {}): RenderJob {
  const job = aJob();
  return {
    ...job,
    metadata: { ...job.metadata, uid: 'u', name: 'clip', resourceVersion: version },
    status: aStatus({ phase: 'Running', ...status }),
  };
}

function message(attempt: number, sequence: number): ProgressMessage {
  const progress = { percent: 40, step: 'encoding', updatedAt: '2026-01-01T00:00:00.000Z' } as const;
  return { namespace: 'default', name: 'clip', uid: 'u', attempt, sequence, progress };
}

const state = (parts: Partial<JobState> = {}): JobState => ({
  job: jobAt('5'),
  removed: false,
  progress: undefined,
  ...parts,
});
const seen: Seen = { uid: 'u', version: '5', attempt: 1, sequence: 3 };
const newClient: Seen = { uid: 'u', version: '', attempt: 0, sequence: 0 };

describe('pendingEvents', () => {
  it('has nothing for a client that has seen everything', () => {
    expect(pendingEvents(state({ progress: message(1, 3) }), seen)).toEqual({ events: [], seen, done: false });
  });

  it('has the job before its progress for a new client, each with what is seen by then', () => {
    const { events, done } = pendingEvents(state({ progress: message(1, 4) }), newClient);
    expect(events.map((event) => [event.event, seenText(event.seen)])).toEqual([
      ['job', 'u/5/0/0'],
      ['progress', 'u/5/1/4'],
    ]);
    expect(done).toBe(false);
  });

  it('has only the progress when the job is the same', () => {
    const { events, seen: after } = pendingEvents(state({ progress: message(1, 9) }), seen);
    expect(events).toEqual([{ event: 'progress', seen: after, data: { attempt: 1, ...message(1, 9).progress } }]);
    expect(after).toEqual({ ...seen, sequence: 9 });
  });

  it.each([
    ['an older message of the same attempt', message(1, 2)],
    ['a message of an earlier attempt', message(0, 99)],
  ])('leaves out %s', (_name, progress) => {
    expect(pendingEvents(state({ progress }), seen).events).toEqual([]);
  });

  it('takes the first message of a later attempt although its number is lower', () => {
    const { seen: after } = pendingEvents(state({ progress: message(2, 1) }), seen);
    expect(after).toEqual({ ...seen, attempt: 2, sequence: 1 });
  });

  it.each(['Succeeded', 'Failed', 'Cancelled'] as const)('is done with the job when it is %s', (phase) => {
    const { events, done } = pendingEvents(state({ job: jobAt('6', { phase }), progress: message(1, 9) }), seen);
    expect(events.map(({ event }) => event)).toEqual(['job']);
    expect(done).toBe(true);
  });

  it('ends with the removal of a job, after its last state', () => {
    const { events, done } = pendingEvents(state({ job: jobAt('7'), removed: true }), seen);
    expect(events.map(({ event }) => event)).toEqual(['job', 'removed']);
    expect(events.at(-1)).toMatchObject({ data: { name: 'clip' } });
    expect(done).toBe(true);
  });
});

describe('the id of an event', () => {
  it('is read as it is written', () => {
    expect(parseSeen(seenText(seen))).toEqual(seen);
  });

  it.each([undefined, '', '5', 'u/5/1', 'u/5/1/x', 'u/5/1/3/4', `${'u'.repeat(65)}/5/1/3`, 'u v/5/1/3'])(
    'is nothing for %j',
    (text) => {
      expect(parseSeen(text)).toBeUndefined();
    },
  );
});
