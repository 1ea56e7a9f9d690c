import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactUrl, redactUrls } from '../../src/lib/redact-url.ts';

describe('a URL as it may be shown', () => {
  it.each([
    ['https://media.example.com/a/b.mp4?X-Amz-Signature=abc#t=1', 'https://media.example.com/a/b.mp4'],
    ['http://ann:hunter2@example.com:8080/a', 'http://example.com:8080/a'],
    ['https://example.com', 'https://example.com/'],
    ['data:text/plain,secret', 'data:[…]'],
    ['secret', '[not a URL]'],
  ])('%s becomes %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  it.each([
    [
      'HTTP error 403 for https://h/a.mp4?sig=1 and http://u:p@h/b#c',
      'HTTP error 403 for https://h/a.mp4 and http://h/b',
    ],
    ["Impossible to open 'https://h/a?token=x'", "Impossible to open 'https://h/a"],
    ['file:a.mp4: Invalid data found', 'file:a.mp4: Invalid data found'],
    ['speed=1x?', 'speed=1x?'],
  ])('in the text %j the rest stays', (text, shown) => {
    expect(redactUrls(text)).toBe(shown);
  });

  it('never shows a query, a fragment or credentials, wherever the URL stands', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.webUrl(), word, word, fc.string(), (url, user, secret, around) => {
        const { host, pathname } = new URL(url);
        const text = redactUrls(
          `${around} https://${user}:SECRET${secret}@${host}${pathname}?a=SECRET${secret}#SECRET ${around}`,
        );
        expect(text.replaceAll(around, '')).not.toContain('SECRET');
      }),
    );
  });
});
