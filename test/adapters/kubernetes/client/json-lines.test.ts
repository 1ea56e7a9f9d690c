import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../../../src/adapters/kubernetes/client/json-lines.ts';

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

const read = (text: string, sizes: readonly number[] = []): Promise<unknown[]> =>
  Array.fromAsync(jsonLines(chunked(new TextEncoder().encode(text), sizes)));

describe('lines of JSON', () => {
  it('are read whole, however the bytes are split', async () => {
    const values = fc.array(
      fc.jsonValue().filter((value) => value !== undefined),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat({ max: 7 }), { maxLength: 40 }), async (lines, sizes) => {
        const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
        expect((await read(text, sizes)).map((line) => `${JSON.stringify(line)}\n`).join('')).toBe(text);
      }),
    );
  });

  it('may be separated by empty ones', async () => {
    expect(await read('\n{"a":1}\n\r\n  \n{"b":2}\r\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it.each(['{"a":1}\n{"b":', '{"a":1}\n{"b":2}'])('that are truncated are an error: %j', async (text) => {
    await expect(read(text)).rejects.toThrow(/cut within one/);
  });

  it('that are not JSON are an error', async () => {
    await expect(read('nonsense\n')).rejects.toThrow(SyntaxError);
  });

  it('have a maximum length', async () => {
    const flood = (async function* () {
      for (;;) yield new Uint8Array(1024 * 1024).fill(97);
    })();
    await expect(Array.fromAsync(jsonLines(flood))).rejects.toThrow(/at most 16777216 characters/);
  });
});
