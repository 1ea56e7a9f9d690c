import { describe, expect, it } from 'vitest';
import { ChangeFeed } from '../../src/lib/change-feed.ts';

async function take<V>(values: AsyncIterable<V>, count: number): Promise<V[]> {
  const taken: V[] = [];
  for await (const value of values) if (taken.push(value) === count) break;
  return taken;
}

describe('a change feed', () => {
  it('gives every reader the latest value of each key, in the order in which keys changed', async () => {
    const feed = new ChangeFeed<string, number>();
    const stop = new AbortController();
    const readers = [feed.subscribe(stop.signal), feed.subscribe(stop.signal)];
    feed.publish('a', 1);
    feed.publish('b', 2);
    feed.publish('a', 3);
    for (const reader of readers) expect(await take(reader, 2)).toEqual([3, 2]);
  });

  it('starts with the initial values and takes what was published before the first read', async () => {
    const feed = new ChangeFeed<string, number>();
    const reader = feed.subscribe(new AbortController().signal, { initial: [['a', 1]] });
    feed.publish('b', 2);
    expect(await take(reader, 2)).toEqual([1, 2]);
  });

  it('passes on only what a reader accepts', async () => {
    const feed = new ChangeFeed<string, number>();
    const accepts = (value: number): boolean => value > 1;
    const reader = feed.subscribe(new AbortController().signal, { initial: [['a', 1]], accepts });
    feed.publish('b', 0);
    feed.publish('c', 2);
    expect(await take(reader, 1)).toEqual([2]);
  });

  it('ends with its signal, also when that was aborted before', async () => {
    const feed = new ChangeFeed<string, number>();
    const stop = new AbortController();
    const reader = feed.subscribe(stop.signal);
    const ended = take(reader, 1);
    stop.abort();
    expect(await ended).toEqual([]);
    expect(await take(feed.subscribe(AbortSignal.abort()), 1)).toEqual([]);
  });
});
