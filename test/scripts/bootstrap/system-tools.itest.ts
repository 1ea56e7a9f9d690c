import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

// Runs the real set-up in a process whose PATH holds only what each test puts there.
const module = new URL('../../../scripts/bootstrap/system-tools.mjs', import.meta.url).href;
const program = `
  const { ensureTools } = await import(process.argv[1]);
  try {
    console.log(JSON.stringify(await ensureTools(process.argv[2].split(','), process.argv[3])));
  } catch (error) {
    console.log(error.constructor.name + ': ' + error.message);
  }`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'framewright-tools-'));
  await symlink('/bin/sh', join(folder, 'sh'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(name: string, script: string) {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

async function ensure(tools: string, { known = '', uid = undefined as number | undefined } = {}): Promise<string> {
  const args = ['--input-type=module', '-e', program, module, tools, known];
  const identity = uid === undefined ? {} : { uid, gid: uid };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: folder }, ...identity });
  return stdout.trim();
}

describe('ensureTools', () => {
  it('accepts tools that are there', async () => {
    await put('ffmpeg', 'echo ffmpeg version 6.1');
    await put('ffprobe', 'true');
    await put('jq', 'true');
    expect(await ensure('ffmpeg,jq')).toMatch(/^\{"ffmpeg":/);
  });

  it('rejects an ffmpeg that is too old, and names the release that is not', async () => {
    await put('ffmpeg', 'echo ffmpeg version 4.4.2-0ubuntu0.22.04.1');
    await put('ffprobe', 'true');
    expect(await ensure('ffmpeg')).toMatch(/^SetupError: expected ffmpeg 5.1 or later, got 4.4.2-0ubuntu0.22.04.1 at /);
  });

  it('rejects an ffmpeg that cannot run, and shows its output', async () => {
    await put('ffmpeg', 'echo libavdevice.so.59: cannot open shared object file; exit 127');
    await put('ffprobe', 'true');
    expect(await ensure('ffmpeg')).toMatch(/^SetupError: .*exit code 127\nlibavdevice.so.59: cannot open/);
  });

  it('starts ffmpeg once only while it stays the same file', async () => {
    await put('ffmpeg', `echo started >> ${folder}/starts; echo ffmpeg version 6.1`);
    await put('ffprobe', 'true');
    const { ffmpeg: known } = z.object({ ffmpeg: z.string() }).parse(JSON.parse(await ensure('ffmpeg')));
    await ensure('ffmpeg', { known });
    expect(await readFile(join(folder, 'starts'), 'utf8')).toBe('started\n');
    await put('ffmpeg', `echo started >> ${folder}/starts; echo ffmpeg version 7.1`);
    await ensure('ffmpeg', { known });
    expect(await readFile(join(folder, 'starts'), 'utf8')).toBe('started\nstarted\n');
  });

  it('says what must be on PATH where there is no apt-get', async () => {
    expect(await ensure('ffmpeg,jq')).toMatch(/^SetupError: ffmpeg, jq must be on PATH \(ffmpeg 5.1 or later/);
  });

  it('rejects a tool that is unknown', async () => {
    expect(await ensure('nginx')).toMatch(/^SetupError: expected tools out of ffmpeg, curl, jq, bc, got nginx$/);
  });

  it('prints the commands for a person who is not root', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('only root can start a process as another user');
    await put('apt-get', 'exit 0');
    await chmod(folder, 0o755);
    const said = await ensure('ffmpeg', { uid: 65_534 });
    expect(said).toContain('\n  sudo apt-get update && sudo apt-get install --no-install-recommends ffmpeg');
  });

  it('installs what is missing as root, package lists first', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('apt-get is only called by root');
    // Stands for Debian's program: writes down how it was called, and brings jq as the real one would.
    await put(
      'apt-get',
      `echo "$@" >> ${folder}/calls; printf '#!/bin/sh\\n' > ${folder}/jq; /bin/chmod +x ${folder}/jq`,
    );
    await put('bc', 'true');
    expect(await ensure('jq,bc')).toBe('{}');
    const calls = await readFile(join(folder, 'calls'), 'utf8');
    expect(calls).toMatch(/ update\n.* install --no-install-recommends jq\n$/);
  });

  it('shows the end of what apt-get said when it fails', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('apt-get is only called by root');
    await put('apt-get', 'echo E: Unable to locate package jq; exit 100');
    expect(await ensure('jq')).toMatch(/exit code 100\nE: Unable to locate package jq$/);
  });
});
