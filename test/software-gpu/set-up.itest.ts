import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeOnSoftwareGpu } from '../support/software-gpu.ts';
import { missingRequirement } from './set-up/requirements.ts';
import { run } from './set-up/run.ts';
import { setUpStandIn } from './set-up/set-up.ts';
import { quote } from './set-up/wrappers.ts';

describe('the set-up of the software GPU', () => {
  it.each(['/home/a b/cache', '/srv/a:b'])('says that the loader cannot take the folder %s', (folder) => {
    expect(missingRequirement(folder)).toMatch(/the path .* holds a space or colon|not found|exists for Linux/);
  });

  it('says which programs are missing', () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      expect(missingRequirement('/tmp/cache')).toMatch(
        /^apt-get, apt-config, dpkg-deb, gcc, tar not found|^it exists for/,
      );
    } finally {
      process.env['PATH'] = path;
    }
  });

  it.each(["it's", '$HOME `id` "x"', 'a\nb'])('quotes %j for a shell', async (text) => {
    expect(await run('sh', ['-c', `printf %s ${quote(text)}`])).toBe(text);
  });
});

describeOnSoftwareGpu('a software GPU that is set up', (gpus) => {
  it('is the same for everyone who asks, at the same time too', async () => {
    const [first, ...others] = await Promise.all([setUpStandIn(), setUpStandIn(), setUpStandIn()]);
    expect(first.absent).toBeUndefined();
    for (const other of others) expect(other).toEqual(first);
    const cache = dirname(dirname(dirname(gpus.plain.ffmpeg)));
    expect((await readdir(cache)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('runs FFmpeg 7.1 with nothing of the machine but its kernel', async () => {
    expect(await run(gpus.plain.ffmpeg, ['-version'])).toMatch(/^ffmpeg version 7\.1\./);
    expect(await run(gpus.plain.ffprobe, ['-version'])).toMatch(/^ffprobe version 7\.1\./);
  });

  it('grants no privileges: no set-user-id bit is left', async () => {
    const cache = dirname(dirname(dirname(gpus.plain.ffmpeg)));
    expect(await run('find', [cache, '-type', 'f', '-perm', '/6000'])).toBe('');
    expect((await stat(join(cache))).isDirectory()).toBe(true);
  });
});
