import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { probeFile } from '../../src/media/probe/run/probe-file.ts';
import { inCheckout } from '../support/checkout.ts';
import { test } from '../support/fixtures.ts';
import { never, tools } from '../support/media-tools.ts';
import { Standalone } from '../support/standalone.ts';
import { patternClip } from '../support/test-clip.ts';

const run = promisify(execFile);

const it = test.extend('clip', { scope: 'file' }, () => patternClip({ seconds: 5 }));

describe('the examples', () => {
  it.for([
    ['bash', ['curl', 'trim.sh'], true],
    [process.execPath, ['node', 'render.ts'], false],
  ] as const)('%s examples/%s renders two seconds', async ([program, path, audio], { clip, scratch }) => {
    await using server = await Standalone.start();
    const out = join(scratch, `${path[0]}.mp4`);
    const { stdout } = await run(program, [inCheckout('examples', ...path), clip, out], {
      env: { ...process.env, FRAMEWRIGHT_URL: server.url, FRAMEWRIGHT_API_KEY: server.key },
    });
    expect(stdout.trim().split('\n').at(-1)).toBe(`wrote ${out}`);
    const probe = await probeFile(out, { tools, signal: never, label: 'the output' });
    expect(probe.duration).toBeCloseTo(2, 1);
    expect(probe.audio.length > 0).toBe(audio);
  });

  it('fail with the reason where the server rejects the key', async ({ clip, scratch }) => {
    await using server = await Standalone.start();
    const env = { ...process.env, FRAMEWRIGHT_URL: server.url, FRAMEWRIGHT_API_KEY: 'fwk_wrong_key' };
    const failed = await run('bash', [inCheckout('examples/curl/trim.sh'), clip, join(scratch, 'no.mp4')], {
      env,
    }).catch((error: unknown) => String(error));
    expect(failed).toContain('401');
  });
});
