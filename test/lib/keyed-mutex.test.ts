import { expect, it } from 'vitest';
import { KeyedMutex } from '../../src/lib/keyed-mutex.ts';

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('work on one key goes one after the other, also past a failure; other keys do not wait', async () => {
  const inTurn = new KeyedMutex();
  const story: string[] = [];
  const gates = new Map(['first', 'second', 'other'].map((name) => [name, Promise.withResolvers<void>()]));
  const work = (name: string) => async (): Promise<string> => {
    story.push(`${name} starts`);
    await gates.get(name)?.promise;
    story.push(`${name} ends`);
    return name;
  };
  const first = inTurn.run('a', work('first'));
  const second = inTurn.run('a', work('second'));
  const other = inTurn.run('b', work('other'));
  await settle();
  expect(story).toEqual(['first starts', 'other starts']);
  gates.get('first')?.reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  await settle();
  expect(story).toEqual(['first starts', 'other starts', 'second starts']);
  gates.get('second')?.resolve();
  gates.get('other')?.resolve();
  expect(await Promise.all([second, other])).toEqual(['second', 'other']);
});
