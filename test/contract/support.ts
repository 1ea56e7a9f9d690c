import type { RenderJobSpec, RenderJobStatus } from '../../src/model/job/render-job.ts';
import { labels } from '../../src/model/labels.ts';
import type { NewJob } from '../../src/ports/job-store.ts';

export const trimSpec: RenderJobSpec = {
  inputs: [{ name: 'clip', asset: 'clip.mp4' }],
  operations: [{ trim: { start: 1, end: 5 } }],
};

/** A new job in the namespace `media`; what a test does not care about has a value that is fine. */
export function newJob(name: string, { owner, ...more }: Partial<NewJob> & { readonly owner?: string } = {}): NewJob {
  return {
    namespace: 'media',
    name,
    spec: trimSpec,
    ...(owner === undefined ? {} : { labels: { [labels.owner]: owner } }),
    ...more,
  };
}

/** A status in the given phase. */
export function statusIn(phase: RenderJobStatus['phase'], more: Partial<RenderJobStatus> = {}): RenderJobStatus {
  return {
    phase,
    reason: 'Accepted',
    message: `The job is ${phase}.`,
    attempt: 1,
    failures: 0,
    disruptions: 0,
    ...more,
  };
}

/** Reads from an endless iteration until an item fits, and returns all that was read. */
export async function readUntil<T>(iterator: AsyncIterator<T>, fits: (item: T) => boolean): Promise<T[]> {
  const read: T[] = [];
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) throw new Error(`Expected a further item, got the end after ${read.length}`);
    read.push(next.value);
    if (fits(next.value)) return read;
  }
}

/** The items that come until there has been none for a while: for what must not come. */
export async function readUntilQuiet<T>(iterator: AsyncIterator<T>, quietMs = 150): Promise<T[]> {
  const read: T[] = [];
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, quietMs, undefined);
    const next = await Promise.race([iterator.next(), promise]);
    clearTimeout(timer);
    if (next === undefined || next.done === true) return read;
    read.push(next.value);
  }
}
