import { describe, expect, it } from 'vitest';
import { languageName, shortTag, uniqueNames } from '../../../src/media/packaging/track-names.ts';

describe('names of tracks', () => {
  it.each([
    ['ger', 'de'],
    ['deu', 'de'],
    ['en-GB', 'en-GB'],
    ['EN', 'en'],
    ['und', undefined],
    ['x",\ny', undefined],
    ['', undefined],
    ['a', undefined],
    [undefined, undefined],
  ])('the tag of %j is %j', (said, tag) => expect(shortTag(said)).toBe(tag));

  it('are languages in words, where a tag is known', () => {
    expect(languageName('de')).toBe('German');
    expect(languageName('qqq')).toBeUndefined();
    expect(languageName(undefined)).toBeUndefined();
  });

  it('differ, however many tracks are of one language', () => {
    expect(uniqueNames(['German', 'English', 'German', 'German'])).toEqual([
      'German',
      'English',
      'German 2',
      'German 3',
    ]);
  });
});
