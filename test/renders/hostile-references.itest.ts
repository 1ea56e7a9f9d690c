import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../src/model/job/operations.ts';
import { ffmpeg, grayFrames, makeClip, scratch } from '../support/media.ts';
import { startSourceServer } from '../support/source-server.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';
import { runWorkerOn } from '../support/worker-run.ts';

// A file may name others: on this machine, or anywhere. None of them is opened.

let dir: Awaited<ReturnType<typeof scratch>>;
let server: Awaited<ReturnType<typeof startSourceServer>>;
let bench: Bench;
const at = (name: string): string => join(dir.path, name);

beforeAll(async () => {
  dir = await scratch();
  server = await startSourceServer();
  await makeClip(at('clip.mp4'), { seconds: 1, rate: '25' });
  await ffmpeg('-f', 'lavfi', '-i', 'color=black:s=64x64', '-frames:v', '1', at('secret.png'));
});
afterAll(async () => {
  await server.close();
  await dir[Symbol.asyncDispose]();
});
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const run = (inputs: readonly string[], operations: Operation[] = [{ transcode: { force: true } }]) =>
  runWorkerOn(
    bench,
    stageOf({
      inputs: inputs.map((file, index) => ({ name: index === 0 ? 'main' : `input-${index}`, file })),
      operations,
      output: { container: 'mp4', video: { preset: 'performance', quality: 4 } },
    }),
    { FRAMEWRIGHT_MEDIA_ROOT: dir.path },
  );

const lists: readonly (readonly [what: string, name: string, content: (url: string, path: string) => string])[] = [
  ['a playlist', 'a.m3u8', (url) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${url}/a.ts\n#EXT-X-ENDLIST\n`],
  ['a playlist called a film', 'a.mp4', (url) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${url}/a.ts\n`],
  ['a playlist of a local file', 'b.mp4', (_url, path) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${path}\n`],
  [
    'a playlist with a key',
    'c.ts',
    (url, path) => `#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="${url}/key"\n#EXTINF:2,\n${path}\n`,
  ],
  ['a list of files', 'd.mkv', (_url, path) => `ffconcat version 1.0\nfile ${path}\n`],
  ['a list of addresses', 'e.mov', (url) => `ffconcat version 1.0\nfile ${url}/a.mp4\n`],
  [
    'a manifest',
    'f.mpd',
    (url) =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${url}/</BaseURL></Period></MPD>`,
  ],
  [
    'a session',
    'g.sdp',
    () => 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n',
  ],
  ['a page', 'h.mp4', (url) => `<html><video src="${url}/a.mp4"></video></html>`],
  ['a reference of QuickTime', 'i.mov', (url) => `RTSPtext\r\nrtsp://127.0.0.1:9/a ${url}`],
  ['metadata', 'j.mp4', (url) => `;FFMETADATA1\ntitle=${url}\n`],
];

describe('a file that names others', () => {
  for (const [what, name, content] of lists) {
    it(`such as ${what} is rejected, as any input, and they are not opened`, async () => {
      await writeFile(at(name), content(server.url, at('clip.mp4')));
      const uses: readonly (readonly [string[], Operation[]])[] = [
        [[name], [{ transcode: { force: true } }]],
        [['clip.mp4', name], [{ merge: { append: ['input-1'] } }]],
        [['clip.mp4', name], [{ watermark: { input: 'input-1' } }]],
        [['clip.mp4', name], [{ subtitle: { input: 'input-1' } }]],
      ];
      for (const [inputs, operations] of uses) {
        const { result, keys } = await run(inputs, operations);
        expect(result.error?.code).toMatch(/^INPUT_(INVALID|UNSUPPORTED)$/);
        expect(result.error?.message).toMatch(/^Expected input (main|input-1) to /);
        expect(keys).toEqual([]);
      }
      expect(server.requests).toEqual([]);
    });
  }

  it('such as a drawing shows nothing of them', async () => {
    const image = (href: string): string => `<image href="${href}" xlink:href="${href}" width="64" height="64"/>`;
    const names = ['secret.png', at('secret.png'), `file://${at('secret.png')}`, `${server.url}/a.png`];
    const head =
      '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">';
    const drawing = `${head}<rect width="64" height="64" fill="white"/>${names.map(image).join('')}</svg>`;
    await writeFile(at('drawing.svg'), drawing);
    const { result, path } = await run(['drawing.svg']);
    // A build of FFmpeg without librsvg rejects it.
    if (result.error === undefined) {
      const [frame] = await grayFrames(path(), 64, 64);
      expect(Math.min(...(frame ?? []))).toBeGreaterThan(200);
    } else expect(result.error.code).toMatch(/^INPUT_/);
    expect(server.requests).toEqual([]);
  });
});
