import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { list, number, text } from '../support/json-path.ts';
import { ffmpeg } from '../support/media.ts';
import { Standalone } from '../support/standalone.ts';
import { parsePlaylist } from '../support/stream-set.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

let server: Standalone;
let folder: string;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Run> } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      FRAMEWRIGHT_URL: server.url,
      FRAMEWRIGHT_DATA_DIR: server.dataDir,
      ...env,
    },
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    texts.out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    texts.err += piece;
  });
  const { promise, resolve, reject } = Promise.withResolvers<Run>();
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, ...texts }));
  return { child, ended: promise };
}

const framewright = (...args: string[]): Promise<Run> => start(args).ended;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'framewright-cli-'));
  server = await Standalone.start({ workers: 2 });
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=320x180:r=25:d=4',
    '-f',
    'lavfi',
    '-i',
    'sine=440:d=4',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-c:a',
    'aac',
    join(folder, 'clip.mp4'),
  );
  // Slow enough to be interrupted and cancelled, whatever the machine.
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=1920x1080:r=30:d=30',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    join(folder, 'long.mp4'),
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('submit', () => {
  it('uploads, renders, watches and downloads in one go', async () => {
    const run = await framewright('submit', '--op', 'trim', '--start', '1', '--end', '3', 'clip.mp4', '-o', 'out.mp4');
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(run.out).toMatch(/Succeeded in .* \(software/);
    expect(run.out).toMatch(/main {2}out\.mp4 .* 320x180 {2}2\.00 s/);
    expect(run.err).toMatch(/Running/);
    expect((await stat(join(folder, 'out.mp4'))).size).toBeGreaterThan(1000);
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('keeps an existing file, and fails before anything is uploaded', async () => {
    await writeFile(join(folder, 'kept.mp4'), 'precious');
    const before = list(await server.json('/api/assets'), 'assets').length;
    const run = await framewright('submit', '--op', 'mute', 'clip.mp4', '-o', 'kept.mp4');
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('kept.mp4 exists already');
    expect(await readFile(join(folder, 'kept.mp4'), 'utf8')).toBe('precious');
    expect(list(await server.json('/api/assets'), 'assets')).toHaveLength(before);
    expect(await framewright('submit', '--op', 'mute', 'clip.mp4', '-o', 'kept.mp4', '--overwrite')).toMatchObject({
      code: 0,
    });
  });

  it('puts several outputs into a folder', async () => {
    const run = await framewright(
      'submit',
      '--op',
      'thumbnail',
      '--poster',
      '--op',
      'thumbnail:sprite',
      'clip.mp4',
      '-o',
      'many/',
    );
    expect(run, run.err).toMatchObject({ code: 0 });
    expect((await readdir(join(folder, 'many'))).toSorted()).toEqual(['poster.jpg', 'sprite-index.vtt', 'sprite.jpg']);
  });

  it('downloads a whole set of segments, under short names that its playlists refer to', async () => {
    const spec = ['container=hls', 'segmentDuration=1', 'video.preset=performance'];
    const set = spec.flatMap((member) => ['--set', `output.${member}`]);
    const text = join(folder, 'words.srt');
    await writeFile(text, '1\n00:00:01,000 --> 00:00:02,000\nHello\n');
    const words = ['--op', 'subtitle', '--input', text, '--mode', 'soft', '--language', 'en'];
    const run = await framewright('submit', ...words, ...set, 'clip.mp4', '-o', 'set/');
    expect(run, run.err).toMatchObject({ code: 0 });
    const files = await readdir(join(folder, 'set'));
    expect(files).toEqual(expect.arrayContaining(['main.m3u8', 'main.mpd', 'text_1.vtt', 'video_main_4.m4s']));
    const playlists = files.filter((name) => name.endsWith('.m3u8'));
    const texts = await Promise.all(playlists.map((name) => readFile(join(folder, 'set', name), 'utf8')));
    const led = new Set(texts.flatMap((playlist) => parsePlaylist(playlist).uris));
    expect([...led, 'main.m3u8', 'main.mpd'].toSorted()).toEqual(files.toSorted());
    for (const name of ['main.m3u8', 'main.mpd']) {
      // By default FFmpeg's demuxer of DASH rejects subtitle files with that ending.
      const all = name.endsWith('.mpd') ? ['-allowed_extensions', 'ALL'] : [];
      await ffmpeg(...all, '-i', join(folder, 'set', name), '-map', '0:v', '-map', '0:a', '-f', 'null', '-');
    }
    const again = await framewright('submit', ...set, 'clip.mp4', '-o', 'set/');
    expect(again).toMatchObject({ code: 2 });
    expect(again.err).toContain('exists already');
  });

  it('prints the job for programs', async () => {
    const run = await framewright(
      'submit',
      '--op',
      'mute',
      'clip.mp4',
      '--json',
      '--label',
      'project=test',
      '--job-name',
      'json-job',
    );
    expect(run, run.err).toMatchObject({ code: 0 });
    const job: unknown = JSON.parse(run.out);
    expect(text(job, 'metadata', 'name')).toBe('json-job');
    expect(text(job, 'metadata', 'labels', 'project')).toBe('test');
    expect(text(job, 'status', 'phase')).toBe('Succeeded');
  });

  it('creates one job for the same idempotency key', async () => {
    // Each upload is a new file, so the manifest names an uploaded one.
    const uploaded: unknown = JSON.parse((await framewright('submit', '--op', 'mute', 'clip.mp4', '--json')).out);
    const asset = text(list(uploaded, 'spec', 'inputs')[0], 'asset') ?? '';
    const again = ['submit', '--op', 'mute', `asset:${asset}`, '--detach', '--idempotency-key', 'once'];
    const [first, second] = [await framewright(...again), await framewright(...again)];
    expect(first, first.err).toMatchObject({ code: 0 });
    expect(second).toEqual(first);
    const other = await framewright(...again.map((word) => (word === 'mute' ? 'trim:end=1' : word)));
    expect(other).toMatchObject({ code: 4, out: '' });
    expect(other.err).toContain('IDEMPOTENCY_MISMATCH');
  });

  it('ends with 1 when the job fails, with the reason and the remedy', async () => {
    await writeFile(join(folder, 'broken.mp4'), 'this is no video at all');
    const run = await framewright('submit', '--op', 'mute', 'broken.mp4');
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/error \[INPUT_INVALID\]: mute-.* failed: /);
    expect(run.err).toMatch(/remedy: /);
  });

  it.each<[string, string[], RegExp]>([
    ['a missing file', ['--op', 'mute', 'nowhere.mp4'], /expected a file at nowhere\.mp4, but it does not exist/],
    ['a folder', ['--op', 'mute', '.'], /expected a file at \., but it is not a file/],
    ['an empty file', ['--op', 'mute', 'empty.mp4'], /but it is empty/],
    ['a manifest that is not YAML', ['bad.yaml'], /expected YAML or JSON in bad\.yaml/],
    [
      'output together with detach',
      ['--op', 'mute', 'clip.mp4', '-d', '-o', 'x.mp4'],
      /expected --output or --detach, got both/,
    ],
  ])('ends with 2 for %s', async (_what, args, message) => {
    await writeFile(join(folder, 'empty.mp4'), '');
    await writeFile(join(folder, 'bad.yaml'), 'a: [1\nb: }');
    const run = await framewright('submit', ...args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toMatch(message);
  });

  it('ends with 4 when the server rejects the job, and lists the members that are wrong', async () => {
    await writeFile(
      join(folder, 'wrong.json'),
      JSON.stringify({ kind: 'RenderJob', apiVersion: 'framewright.dev/v1alpha1', spec: { inputs: [], colour: 1 } }),
    );
    const run = await framewright('submit', 'wrong.json');
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toMatch(/error \[INVALID_REQUEST\]/);
    expect(run.err).toMatch(/spec\.inputs/);
  });
});

describe('a job', () => {
  it('can be listed, shown, cancelled while it runs, retried, and its log read', async () => {
    const { out } = await framewright(
      'submit',
      '--set',
      'output.video.codec=hevc',
      '--set',
      'output.video.preset=quality',
      'long.mp4',
      '--detach',
    );
    const name = out.trim();
    expect(name).toMatch(/^transcode-/);
    const watching = start(['watch', name]);
    await new Promise<void>((resolve) =>
      watching.child.stderr?.on('data', (piece: string) => piece.includes('Running') && resolve()),
    );
    expect((await framewright('list', '--phase', 'Running')).out).toContain(name);

    // Ctrl-C does not affect the job.
    const second = start(['watch', name]);
    await new Promise<void>((resolve) =>
      second.child.stderr?.on('data', (piece: string) => piece.includes('Running') && resolve()),
    );
    second.child.kill('SIGINT');
    const interrupted = await second.ended;
    expect(interrupted.code).toBe(130);
    expect(interrupted.err).toContain(`framewright cancel ${name}`);
    expect(text(JSON.parse((await framewright('get', name, '--json')).out), 'status', 'phase')).toBe('Running');

    expect(await framewright('cancel', name)).toMatchObject({ code: 0 });
    const watched = await watching.ended;
    expect(watched.code).toBe(1);
    expect(watched.err).toContain(`${name} was cancelled`);
    expect((await framewright('get', name)).out).toMatch(/phase +Cancelled/);
    expect((await framewright('logs', name)).out.length).toBeGreaterThan(0);

    const retried = (await framewright('retry', name)).out.trim();
    expect(retried).not.toBe(name);
    expect((await framewright('cancel', retried, '--json')).code).toBe(0);
    const stream = await framewright('watch', retried, '--json');
    const last: unknown = JSON.parse(stream.out.trimEnd().split('\n').at(-1) ?? '');
    expect(text(last, 'status', 'phase')).toBe('Cancelled');
    expect(stream.code).toBe(1);
  });

  it('that does not exist is rejected with 4', async () => {
    for (const verb of ['get', 'watch', 'cancel', 'retry', 'logs']) {
      const run = await framewright(verb, 'no-such-job');
      expect(run, verb).toMatchObject({ code: 4, out: '' });
      expect(run.err).toContain('error [NOT_FOUND]');
    }
  });
});

describe('plan', () => {
  it('shows where each part runs without rendering', async () => {
    const run = await framewright('plan', '--op', 'mute', '--start', '1', '--end', '2', 'clip.mp4');
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(run.out).toMatch(/^copy, about/);
    expect(run.out).toMatch(/^ffmpeg .*-c:v copy/m);
    const plan: unknown = JSON.parse((await framewright('plan', '--op', 'mute', 'clip.mp4', '--json')).out);
    expect(number(plan, 'duration')).toBeCloseTo(4, 0);
  });
});

describe('the connection', () => {
  it('to no server ends with 3 and shows how to start one', async () => {
    const run = await start(['list'], { FRAMEWRIGHT_URL: 'http://127.0.0.1:1' }).ended;
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toContain('framewright standalone');
    const json = await start(['list', '--json'], { FRAMEWRIGHT_URL: 'http://127.0.0.1:1' }).ended;
    expect(text(JSON.parse(json.out), 'error', 'message')).toContain('cannot reach');
  });

  it('with a wrong key ends with 4 and does not print the key', async () => {
    const run = await start(['list'], { FRAMEWRIGHT_API_KEY: 'fwk_0123456789ab_hunter2' }).ended;
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toContain('--api-key-file');
    expect(run.err).not.toContain('hunter2');
  });
});

describe('keys', () => {
  it('are created, used, listed and revoked while the server runs', async () => {
    const made = await framewright('keys', 'create', '--owner', 'alice', '--out', 'alice.key');
    expect(made, made.err).toMatchObject({ code: 0, out: '' });
    expect((await stat(join(folder, 'alice.key'))).mode & 0o777).toBe(0o600);
    const key = (await readFile(join(folder, 'alice.key'), 'utf8')).trim();
    expect(made.err).not.toContain(key);
    expect(await framewright('list', '--api-key-file', 'alice.key')).toMatchObject({ code: 0 });

    const listed = await framewright('keys', 'list', '--json');
    expect(listed.out).not.toMatch(/digest|fwk_/);
    expect(list(JSON.parse(listed.out)).map((each) => text(each, 'owner'))).toEqual(['admin', 'alice']);

    // A whole key is accepted for its id, and is not printed.
    const revoked = await framewright('keys', 'revoke', key);
    expect(revoked).toMatchObject({ code: 0 });
    expect(revoked.out).not.toContain(key);
    expect(await framewright('list', '--api-key-file', 'alice.key')).toMatchObject({ code: 4 });
    expect(await framewright('keys', 'revoke', 'unknown')).toMatchObject({ code: 1 });
  });

  it.each<[string, string[], RegExp]>([
    ['no verb', ['keys'], /expected create \| list \| revoke/],
    ['an unknown verb', ['keys', 'creat'], /did you mean create\?/],
    ['no owner', ['keys', 'create'], /expected --owner NAME/],
    ['a hostile owner', ['keys', 'create', '--owner', 'a b;c'], /expected letters, digits/],
    [
      'an unknown role',
      ['keys', 'create', '--owner', 'a', '--role', 'root'],
      /expected one of user, team-owner, admin/,
    ],
    ['a folder without a server', ['keys', 'list', '--data', 'nothing-here'], /found no database there/],
    ['a file that exists', ['keys', 'create', '--owner', 'bob', '--out', 'clip.mp4'], /expected to create a new file/],
  ])('reject %s', async (_what, args, message) => {
    const run = await framewright(...args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toMatch(message);
    expect(existsSync(join(folder, 'nothing-here'))).toBe(false);
  });
});

describe('the command', () => {
  it('without arguments shows the help and ends with 2, with --help it ends with 0', async () => {
    const bare = await framewright();
    expect(bare).toMatchObject({ code: 2, out: '' });
    expect(bare.err).toContain('Usage: framewright COMMAND');
    expect(await framewright('--help')).toMatchObject({ code: 0, out: bare.err, err: '' });
    expect((await framewright('help', 'submit')).out).toBe((await framewright('submit', '--help')).out);
    expect((await framewright('--version')).out).toMatch(/^framewright \d+\.\d+\.\d+\n$/);
  });

  it.each<[string, string[], string]>([
    ['a verb', ['submti'], 'submit'],
    ['an option', ['list', '--phse', 'x'], '--phase'],
    ['a value', ['list', '--phase', 'running'], 'Running'],
    ['a flag of the server', ['standalone', '--prot', '0'], '--port'],
  ])('suggests a correction for %s', async (_what, args, meant) => {
    const run = await framewright(...args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain(`did you mean ${meant}?`);
  });

  it('prints the definitions that are committed, and probes this machine', async () => {
    const crds = join(import.meta.dirname, '../../crds');
    const committed = await Promise.all(
      (await readdir(crds)).toSorted().map((name) => readFile(join(crds, name), 'utf8')),
    );
    expect(await framewright('crd')).toMatchObject({ code: 0, err: '', out: committed.join('---\n') });
    const probe = await framewright('probe', '--json');
    expect(probe).toMatchObject({ code: 0 });
    expect(list(JSON.parse(probe.out), 'encoders')).toContain('libx264');
    const missing = await start(['probe'], { FRAMEWRIGHT_FFMPEG: '/nonexistent/ffmpeg' }).ended;
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/remedy: Install .*FFmpeg 5\.1/);
  });

  it('survives a reader that closes early', async () => {
    const child = spawn(
      'sh',
      ['-c', `"${process.execPath}" --disable-warning=ExperimentalWarning "${main}" submit --help | head -1`],
      { cwd: folder },
    );
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    child.on('close', () => resolve());
    await promise;
    expect(err).toBe('');
  });
});
