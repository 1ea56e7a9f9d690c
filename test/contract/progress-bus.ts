import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProgressMessage } from '../../src/model/status/progress.ts';
import type { ProgressBus, ProgressFilter } from '../../src/ports/progress-bus.ts';
import { readUntil, readUntilQuiet } from './support.ts';

export interface ProgressBusHarness extends AsyncDisposable {
  /** Where messages are read. */
  readonly bus: ProgressBus;
  /** Where it is said: the same bus, or the one of another process. */
  readonly publisher: Pick<ProgressBus, 'publish'>;
}

interface MessageOptions {
  readonly attempt?: number;
  readonly namespace?: string;
  readonly percent?: number;
}

function progressOf(uid: string, sequence: number, options: MessageOptions = {}): ProgressMessage {
  const { attempt = 1, namespace = 'media', percent = Math.min(sequence, 100) } = options;
  const progress = { percent, step: 'encoding', updatedAt: '2026-03-01T12:00:00Z' } as const;
  return { namespace, name: `job-${uid}`, uid, attempt, sequence, progress };
}

/** A job that only says that everything before it was heard. */
const marker = 'marker';

/** What every adapter of `ProgressBus` must keep. Call it in a test file with a factory of the adapter. */
export function progressBusContract(adapter: string, make: () => Promise<ProgressBusHarness>): void {
  describe(`ProgressBus: ${adapter}`, () => {
    let harness: ProgressBusHarness;
    let abort: AbortController;
    beforeEach(async () => {
      harness = await make();
      abort = new AbortController();
    });
    afterEach(async () => {
      abort.abort();
      await harness[Symbol.asyncDispose]();
    });

    const subscribe = (filter: ProgressFilter = {}, replay = false): AsyncIterator<ProgressMessage> =>
      harness.bus.subscribe(filter, { signal: abort.signal, replay })[Symbol.asyncIterator]();
    const publish = (message: ProgressMessage): void => harness.publisher.publish(message);
    let marks = 0;
    /** Waits until everything that was published has arrived: messages arrive in the order in which they were published. */
    const settled = async (): Promise<void> => {
      marks += 1;
      publish(progressOf(marker, marks));
      await vi.waitFor(() => expect(harness.bus.latest(marker)?.sequence).toBe(marks), {
        timeout: 20_000,
        interval: 5,
      });
    };
    /** What a reader has received so far. */
    const heard = async (reader: AsyncIterator<ProgressMessage>): Promise<ProgressMessage[]> => {
      await settled();
      return (await readUntilQuiet(reader)).filter(({ uid }) => uid !== marker);
    };

    it('brings a message to all who subscribed', async () => {
      const [one, two] = [subscribe(), subscribe()];
      publish(progressOf('a', 1));
      expect(await readUntil(one, () => true)).toEqual([progressOf('a', 1)]);
      expect(await readUntil(two, () => true)).toEqual([progressOf('a', 1)]);
    });

    it('keeps the order within an attempt and drops what is older or said twice', async () => {
      const reader = subscribe();
      for (const sequence of [1, 3, 2, 3, 4]) {
        publish(progressOf('a', sequence));
        await new Promise(setImmediate);
      }
      const read = await readUntil(reader, ({ sequence }) => sequence === 4);
      const sequences = read.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
      expect(sequences).not.toContain(2);
    });

    it('drops messages of an earlier attempt once a later one has spoken', async () => {
      const reader = subscribe();
      publish(progressOf('a', 50));
      publish(progressOf('a', 0, { attempt: 2 }));
      publish(progressOf('a', 51));
      const read = await heard(reader);
      expect(read.at(-1)).toEqual(progressOf('a', 0, { attempt: 2 }));
      expect(read).not.toContainEqual(progressOf('a', 51));
      expect(harness.bus.latest('a')).toEqual(progressOf('a', 0, { attempt: 2 }));
    });

    it('gives a slow reader the newest of each job and no backlog', async () => {
      const reader = subscribe();
      for (let sequence = 0; sequence < 10_000; sequence += 1) {
        for (const uid of ['a', 'b']) publish(progressOf(uid, sequence));
      }
      const read = await heard(reader);
      for (const uid of ['a', 'b']) expect(read.findLast((message) => message.uid === uid)?.sequence).toBe(9999);
      expect(read.length).toBeLessThan(1000);
    });

    it('brings only what the filter asks for', async () => {
      const byJob = subscribe({ uid: 'a' });
      const byNamespace = subscribe({ namespace: 'other' });
      const byBoth = subscribe({ uid: 'a', namespace: 'other' });
      publish(progressOf('a', 1));
      publish(progressOf('b', 1, { namespace: 'other' }));
      expect((await heard(byJob)).map(({ uid }) => uid)).toEqual(['a']);
      expect((await heard(byNamespace)).map(({ uid }) => uid)).toEqual(['b']);
      expect(await heard(byBoth)).toEqual([]);
    });

    it('starts with the last value of each job on request, and with nothing otherwise', async () => {
      for (const uid of ['a', 'b']) for (const sequence of [1, 2]) publish(progressOf(uid, sequence));
      await settled();
      expect(await readUntilQuiet(subscribe())).toEqual([]);
      expect(await heard(subscribe({}, true))).toEqual([progressOf('a', 2), progressOf('b', 2)]);
      expect(await heard(subscribe({ uid: 'b' }, true))).toEqual([progressOf('b', 2)]);
    });

    it('never lets the percentage of an attempt fall', async () => {
      const reader = subscribe({ uid: 'a' });
      publish(progressOf('a', 1, { percent: 40 }));
      await settled();
      publish(progressOf('a', 2, { percent: 30 }));
      const read = await heard(reader);
      expect(read.at(-1)).toEqual(progressOf('a', 2, { percent: 40 }));
      publish(progressOf('a', 1, { percent: 0, attempt: 2 }));
      await settled();
      expect(harness.bus.latest('a')?.progress.percent).toBe(0);
    });

    it('keeps the last value of a job until `forget`', async () => {
      expect(harness.bus.latest('a')).toBeUndefined();
      publish(progressOf('a', 7));
      await settled();
      expect(harness.bus.latest('a')).toEqual(progressOf('a', 7));
      harness.bus.forget('a');
      harness.bus.forget('a');
      expect(harness.bus.latest('a')).toBeUndefined();
    });

    it('ends a subscription with its signal, before or during a read', async () => {
      const early = harness.bus.subscribe({}, { signal: AbortSignal.abort() })[Symbol.asyncIterator]();
      expect((await early.next()).done).toBe(true);
      const waiting = subscribe().next();
      abort.abort();
      expect((await waiting).done).toBe(true);
      publish(progressOf('a', 1));
    });
  });
}
