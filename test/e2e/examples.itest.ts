import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeFile } from '../../src/media/probe/run/probe-file.ts';
import { inCheckout } from '../support/checkout.ts';
import { never, tools } from '../support/media-tools.ts';
import { Standalone } from '../support/standalone.ts';
import { testClip } from '../support/test-clip.ts';

const run = promisify(execFile);

describe('the examples', () => {
  let dir: string;
  let clip: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'framewright-examples-'));
    clip = join(dir, 'clip.mp4');
    await writeFile(clip, await testClip({ seconds: 5 }));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it.each([
    ['bash', ['curl', 'trim.sh'], true],
    [process.execPath, ['node', 'render.ts'], false],
  ] as const)('%s examples/%s renders two seconds', async (program, path, audio) => {
    await using server = await Standalone.start();
    const out = join(dir, `${path[0]}.mp4`);
    const { stdout } = await run(program, [inCheckout('examples', ...path), clip, out], {
      env: { ...process.env, FRAMEWRIGHT_URL: server.url, FRAMEWRIGHT_API_KEY: server.key },
    });
    expect(stdout.trim().split('\n').at(-1)).toBe(`wrote ${out}`);
    const probe = await probeFile(out, { tools, signal: never, label: 'the output' });
    expect(probe.duration).toBeCloseTo(2, 1);
    expect(probe.audio.length > 0).toBe(audio);
  });

  it('fail with the reason where the server rejects the key', async () => {
    await using server = await Standalone.start();
    const env = { ...process.env, FRAMEWRIGHT_URL: server.url, FRAMEWRIGHT_API_KEY: 'fwk_wrong_key' };
    const failed = await run('bash', [inCheckout('examples/curl/trim.sh'), clip, join(dir, 'no.mp4')], { env }).catch(
      (error: unknown) => String(error),
    );
    expect(failed).toContain('401');
  });
});
