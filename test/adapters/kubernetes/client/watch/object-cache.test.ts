import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../../../../../src/adapters/kubernetes/client/api-object.ts';
import { ObjectCache } from '../../../../../src/adapters/kubernetes/client/watch/object-cache.ts';

interface Thing extends ApiObject {
  readonly colour: string;
}

const thing = (name: string, version: number, { uid = name, colour = 'red' } = {}): Thing => ({
  metadata: { name, namespace: 'n', uid, resourceVersion: String(version) },
  colour,
});

function cacheOf(): { cache: ObjectCache<Thing>; changes: string[] } {
  const changes: string[] = [];
  const cache = new ObjectCache<Thing>({ colour: ({ colour }) => [colour] }, ({ type, key, object }) => {
    changes.push(`${type} ${key} ${object.metadata.uid} ${object.metadata.resourceVersion}`);
  });
  return { cache, changes };
}

describe('the cache', () => {
  it('notifies of additions, changes and removals', () => {
    const { cache, changes } = cacheOf();
    cache.put(thing('a', 1));
    cache.put(thing('a', 2));
    cache.remove(thing('a', 3));
    expect(changes).toEqual(['added n/a a 1', 'changed n/a a 2', 'removed n/a a 2']);
  });

  it('says nothing when it hears the same again', () => {
    const { cache, changes } = cacheOf();
    cache.put(thing('a', 1));
    cache.put(thing('a', 1));
    expect(changes).toHaveLength(1);
  });

  it('does not go back to an earlier state, as when the watch brings less than the answer to our own write', () => {
    const { cache } = cacheOf();
    cache.put(thing('a', 9));
    cache.put(thing('a', 10, { colour: 'blue' }));
    cache.put(thing('a', 9));
    expect(cache.get('n/a')?.colour).toBe('blue');
  });

  it('does not restore a deleted object, as when the answer to our write comes after the watch event', () => {
    const { cache } = cacheOf();
    cache.remove(thing('a', 2));
    cache.put(thing('a', 1));
    expect(cache.size).toBe(0);
  });

  it('takes an object of the same name with another uid for another object', () => {
    const { cache, changes } = cacheOf();
    cache.put(thing('a', 1, { uid: 'first' }));
    cache.put(thing('a', 5, { uid: 'second' }));
    expect(changes).toEqual(['added n/a first 1', 'removed n/a first 1', 'added n/a second 5']);
    cache.put(thing('a', 4, { uid: 'first' }));
    cache.remove(thing('a', 4, { uid: 'first' }));
    expect(cache.get('n/a')?.metadata.uid).toBe('second');
  });

  it('drops what a complete list did not have, but not what is later than the list', () => {
    const { cache } = cacheOf();
    cache.put(thing('listed', 1));
    cache.put(thing('gone', 2));
    cache.put(thing('ours', 12));
    cache.retain(new Set(['n/listed']), '10');
    expect([...cache.values()].map(({ metadata }) => metadata.name)).toEqual(['listed', 'ours']);
  });

  it('finds by an index what is, not what was', () => {
    const { cache } = cacheOf();
    cache.put(thing('a', 1));
    cache.put(thing('b', 2));
    cache.put(thing('a', 3, { colour: 'blue' }));
    const names = (colour: string): string[] => cache.byIndex('colour', colour).map(({ metadata }) => metadata.name);
    expect([names('red'), names('blue'), names('none')]).toEqual([['b'], ['a'], []]);
    cache.remove(thing('b', 4));
    expect(names('red')).toEqual([]);
  });

  it('finds by an index what a search through all finds', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      colour: fc.constantFrom('red', 'blue'),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { cache } = cacheOf();
        for (const [index, { name, colour, gone }] of steps.entries()) {
          const known = cache.get(`n/${name}`);
          const next = thing(name, index + 1, { uid: known?.metadata.uid ?? `${name}${index}`, colour });
          if (gone) cache.remove(next);
          else cache.put(next);
        }
        for (const colour of ['red', 'blue']) {
          const all = [...cache.values()].filter((object) => object.colour === colour);
          expect(new Set(cache.byIndex('colour', colour))).toEqual(new Set(all));
          expect(cache.byIndex('colour', colour)).toHaveLength(all.length);
        }
      }),
    );
  });

  it('says which indexes there are', () => {
    expect(() => cacheOf().cache.byIndex('size', '1')).toThrow('Expected one of the indexes colour, got size');
  });

  it('contains the latest state of each existing object, in whatever order events arrive', () => {
    // A history: versions 1, 2, 3… each write one of three names; some are removals.
    const write = fc.record({ name: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean() });
    const histories = fc.array(write, { maxLength: 20 });
    fc.assert(
      fc.property(histories, fc.array(fc.nat(), { maxLength: 60 }), (history, picks) => {
        const living = new Map<string, Thing>();
        const events = history.map(({ name, remove }, index) => {
          const version = index + 1;
          const uid = living.get(name)?.metadata.uid ?? `${name}-${version}`;
          const object = thing(name, version, { uid });
          if (remove) living.delete(name);
          else living.set(name, object);
          return { object, remove };
        });
        const { cache } = cacheOf();
        // Late copies first, then the history as the watch has it.
        for (const [at, { object, remove }] of events.entries()) {
          if (remove) cache.remove(object);
          else cache.put(object);
          const late = events[(picks[at] ?? 0) % (at + 1)];
          if (late !== undefined && !late.remove) cache.put(late.object);
        }
        const states = (things: Iterable<Thing>): string[] =>
          [...things].map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`).toSorted();
        expect(states(cache.values())).toEqual(states(living.values()));
      }),
    );
  });
});
