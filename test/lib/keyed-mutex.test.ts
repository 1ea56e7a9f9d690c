import { expect, it } from 'vitest';
import { KeyedMutex } from '../../src/lib/keyed-mutex.ts';

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('runs the tasks of one key one after the other, after a failure too, and other keys in parallel', async () => {
  const mutex = new KeyedMutex();
  const log: string[] = [];
  const gates = new Map(['first', 'second', 'other'].map((name) => [name, Promise.withResolvers<void>()]));
  const task = (name: string) => async (): Promise<string> => {
    log.push(`${name} starts`);
    await gates.get(name)?.promise;
    log.push(`${name} ends`);
    return name;
  };
  const first = mutex.run('a', task('first'));
  const second = mutex.run('a', task('second'));
  const other = mutex.run('b', task('other'));
  await settle();
  expect(log).toEqual(['first starts', 'other starts']);
  gates.get('first')?.reject(new Error('failed'));
  await expect(first).rejects.toThrow('failed');
  await settle();
  expect(log).toEqual(['first starts', 'other starts', 'second starts']);
  gates.get('second')?.resolve();
  gates.get('other')?.resolve();
  expect(await Promise.all([second, other])).toEqual(['second', 'other']);
});
