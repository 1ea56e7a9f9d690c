import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Event, Stream } from '../support/event-stream.ts';
import type { Scene } from './shared-suite.ts';
import { readJob, submit, untilPhase } from './world.ts';

const progress = z.object({ attempt: z.int(), percent: z.number(), step: z.string() });

async function rest(stream: Stream): Promise<Event[]> {
  const events: Event[] = [];
  for (let event = await stream.next(); event !== undefined; event = await stream.next()) events.push(event);
  return events;
}

/** Jobs as they run: events, logs, cancelling. */
export function liveSuite(scene: () => Scene): void {
  const blurred = (): object => ({
    inputs: [{ name: 'a', asset: scene().film }],
    operations: [{ blur: { regions: [{ x: 0, y: 0, width: 200, height: 200 }] } }],
    acceleration: 'Disabled',
  });

  describe('a running job', () => {
    it('is streamed: its state first, then rising progress, its end, and nothing after that', async () => {
      const { ann } = scene();
      const name = await submit(ann, blurred());
      await using stream = await Stream.open(ann, name);
      expect(stream.headers.get('content-type')).toContain('text/event-stream');
      const events = await rest(stream);
      expect(events[0]?.event).toBe('job');
      const percents = events
        .filter(({ event }) => event === 'progress')
        .map(({ data }) => progress.parse(JSON.parse(data)).percent);
      expect(percents.length).toBeGreaterThan(1);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      const phases = events
        .filter(({ event }) => event === 'job')
        .map(({ data }) => readJob(JSON.parse(data)).status.phase);
      expect(phases.at(-1)).toBe('Succeeded');
      expect(phases).toContain('Running');
      await using again = await Stream.open(ann, name, events.at(-1)?.id);
      expect(again.status).toBe(204);
    });

    it('has a log to follow, is cancelled while it renders, and leaves no file', async () => {
      const { ann, world } = scene();
      const name = await submit(ann, blurred());
      await untilPhase(ann, name, 'Running');
      const log = await fetch(`${world.url}/apis/render-jobs/${name}/logs?follow`, {
        headers: { 'x-api-key': ann.key },
      });
      const lines: ReadableStreamDefaultReader<unknown> = (log.body ?? new ReadableStream()).getReader();
      expect((await lines.read()).done).toBe(false);
      await using stream = await Stream.open(ann, name);
      expect(await ann.send('DELETE', `/api/jobs/${name}`)).toMatchObject({ status: 409 });
      expect((await ann.send('POST', `/apis/render-jobs/${name}/cancel`)).status).toBe(200);
      const { status } = await untilPhase(ann, name, 'Cancelled');
      expect(status.result).toBeUndefined();
      const events = await rest(stream);
      expect(readJob(JSON.parse(events.findLast(({ event }) => event === 'job')?.data ?? '')).status.phase).toBe(
        'Cancelled',
      );
      // It ends with the run.
      while (!(await lines.read()).done);
      const reply = await ann.send('POST', `/apis/render-jobs/${name}/retry`);
      expect(reply.status).toBe(201);
      const retry = readJob(reply.body).metadata.name;
      expect((await ann.send('DELETE', `/apis/render-jobs/${retry}`)).status).toBe(202);
    });
  });
}
