import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Standalone } from '../support/standalone.ts';
import { parsePlaylist, tagOf } from '../support/stream-set.ts';
import { testClip } from '../support/test-clip.ts';

const run = promisify(execFile);
const created = z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) });
const finished = z.object({
  status: z
    .object({
      phase: z.string(),
      message: z.string().optional(),
      result: z
        .object({
          processes: z.int(),
          outputs: z.array(
            z.object({
              name: z.string(),
              key: z.string(),
              mediaType: z.string(),
              url: z.string(),
              segments: z.int().optional(),
            }),
          ),
        })
        .optional(),
    })
    .optional(),
});
type Finished = NonNullable<z.infer<typeof finished>['status']>;

let dataDir: string;
let server: Standalone;
let ladder: { readonly name: string; readonly uid: string; readonly clip: string; readonly status: Finished };

async function render(output: unknown): Promise<typeof ladder> {
  const uploaded = z.object({ id: z.string() }).parse(
    await server.json('/api/assets?filename=clip.mp4', {
      method: 'POST',
      headers: { 'content-type': 'video/mp4' },
      body: await testClip({ seconds: 5 }),
    }),
  );
  const spec = { inputs: [{ name: 'clip', asset: uploaded.id }], output };
  const reply = await server.post('/apis/render-jobs', spec);
  const { metadata } = created.parse(await reply.json());
  return { ...metadata, clip: uploaded.id, status: await end(metadata.name) };
}

async function end(name: string): Promise<Finished> {
  for (;;) {
    const { status } = finished.parse(await server.json(`/apis/render-jobs/${name}`));
    if (status !== undefined && /Succeeded|Failed|Cancelled/.test(status.phase)) return status;
    await sleep(100);
  }
}

/** Everything that a playlist leads to, by its URL. */
async function follow(url: string): Promise<Map<string, Response>> {
  const found = new Map<string, Response>();
  const queue = [url];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (found.has(at)) continue;
    const reply = await fetch(at);
    found.set(at, reply.clone());
    const text = at.endsWith('.m3u8') ? await reply.text() : '';
    if (text !== '') queue.push(...parsePlaylist(text).uris.map((uri) => new URL(uri, at ?? '').href));
    else await reply.arrayBuffer();
  }
  return found;
}

const objectsOf = async (uid: string): Promise<string[]> =>
  (await readdir(join(dataDir, 'objects'))).filter((name) => name.startsWith(uid));

const mainUrl = (): string => new URL(ladder.status.result?.outputs[0]?.url ?? '', server.url).href;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'framewright-streaming-'));
  server = await Standalone.start({ dataDir });
  ladder = await render({
    container: 'hls',
    segmentDuration: 2,
    video: { preset: 'performance' },
    renditions: [{ name: '180p' }, { name: '90p', video: { resolution: { height: 90 } } }],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

describe('an hls job through the API', () => {
  it('is one process, and its first output is the playlist above all others', () => {
    expect(ladder.status, ladder.status.message).toMatchObject({ phase: 'Succeeded', result: { processes: 1 } });
    const outputs = ladder.status.result?.outputs ?? [];
    expect(outputs.map(({ name }) => name)).toEqual(['main', 'main_dash', '180p', '90p', 'audio_1']);
    expect(outputs.map(({ segments }) => segments)).toEqual([undefined, undefined, 3, 3, 3]);
  });

  it('every file that the playlists lead to is there, with its media type and open to other origins', async () => {
    const replies = await follow(mainUrl());
    const types = [...replies].map(([url, reply]) => {
      expect(reply.status, url).toBe(200);
      expect(reply.headers.get('access-control-allow-origin')).toBe('*');
      return `${url.replace(/.*?(_init\.mp4|\.[a-z0-9]+)$/, '$1')} ${reply.headers.get('content-type')}`;
    });
    expect([...new Set(types)].toSorted()).toEqual([
      '.m3u8 application/vnd.apple.mpegurl',
      '.m4s video/iso.segment',
      '_init.mp4 video/mp4',
    ]);
    const manifest = await fetch(mainUrl().replace('.m3u8', '.mpd'));
    expect(manifest.headers.get('content-type')).toBe('application/dash+xml');
    await manifest.arrayBuffer();
    // All but the manifest: nothing is published that nothing leads to.
    expect((await objectsOf(ladder.uid)).length).toBe(replies.size + 1);
  });

  it('ranges of an I-frame playlist are served as such', async () => {
    const url = mainUrl().replace('main.m3u8', 'video_180p_iframes.m3u8');
    const playlist = parsePlaylist(await (await fetch(url)).text());
    for (const { uri, range } of playlist.segments) {
      if (range === undefined) throw new Error('Expected a byte range');
      const headers = { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
      const reply = await fetch(new URL(uri, url), { headers });
      const bytes = Buffer.from(await reply.arrayBuffer());
      expect([reply.status, bytes.length]).toEqual([206, range.length]);
      expect(bytes.toString('latin1', 4, 8)).toBe('moof');
    }
    expect(tagOf(playlist, 'EXT-X-I-FRAMES-ONLY')).toBe('');
  });

  it.each(['main.m3u8', 'main.mpd'])('ffmpeg plays %s over HTTP, every variant to its end', async (name) => {
    const url = mainUrl().replace('main.m3u8', name);
    // One by one: FFmpeg's demuxer of DASH ends all streams when the first one has ended.
    for (const stream of ['v:0', 'v:1']) {
      const argv = [
        '-v',
        'error',
        '-count_packets',
        '-select_streams',
        stream,
        '-show_entries',
        'stream=nb_read_packets',
      ];
      const { stdout, stderr } = await run('ffprobe', [...argv, '-of', 'csv=p=0', url]);
      expect(stderr).toBe('');
      expect(stdout.trim().split('\n')[0], stream).toBe('125');
    }
  });

  it('the playlist is what the Edit API answers as outputUrl', async () => {
    expect(await server.json(`/api/jobs/${ladder.name}`)).toMatchObject({ status: 'done', outputUrl: mainUrl() });
  });

  it.each([
    ['segments', { output: { container: 'hls', contract: { minSsim: 0.5 } } }],
    ['a cut by copying', { operations: [{ trim: { start: 0.5, end: 4.3 } }], output: { contract: { minSsim: 0.5 } } }],
  ])('a dry run of %s reveals no path of files on the server', async (_what, spec) => {
    const reply = await server.post('/apis/render-jobs:plan', {
      inputs: [{ name: 'clip', asset: ladder.clip }],
      ...spec,
    });
    const text = await reply.text();
    expect(reply.status).toBe(200);
    expect(text).toContain('$FRAMEWRIGHT_SCRATCH_DIR/');
    expect(text).toContain('$FRAMEWRIGHT_OBJECTS_DIR/');
    for (const folder of [tmpdir(), dataDir]) expect(text).not.toContain(folder);
  });

  it('a dry run reports the tracks and the length of their segments', async () => {
    const output = { container: 'dash', segmentDuration: 4, video: { fps: 29.97 } };
    const inputs = [{ name: 'clip', asset: ladder.clip }];
    const reply = await server.post('/apis/render-jobs:plan', { inputs, output });
    const body: unknown = await reply.json();
    expect(body).toMatchObject({ stream: { main: 'dash', tracks: [{ id: 'video_main' }, { id: 'audio_1' }] } });
    expect(
      z.object({ stream: z.object({ segmentSeconds: z.number() }) }).parse(body).stream.segmentSeconds,
    ).toBeCloseTo(4.004);
  });

  it('a server that starts again keeps the segments, and sweeps those that no job has', async () => {
    const before = await objectsOf(ladder.uid);
    const lost = '00000000-0000-4000-8000-00000000dead-1-video_a_1.m4s';
    await writeFile(join(dataDir, 'objects', lost), 'of a job that is gone');
    await server.end('SIGKILL');
    server = await Standalone.start({ dataDir });
    await expect.poll(async () => (await server.fetch('/readyz')).status).toBe(200);
    await expect.poll(() => objectsOf(lost)).toEqual([]);
    expect(await objectsOf(ladder.uid)).toEqual(before);
  });

  it('nothing of it is left when the job is deleted', async () => {
    expect((await server.fetch(`/apis/render-jobs/${ladder.name}`, { method: 'DELETE' })).status).toBeLessThan(300);
    await expect.poll(() => objectsOf(ladder.uid), { timeout: 30_000 }).toEqual([]);
  });
});
