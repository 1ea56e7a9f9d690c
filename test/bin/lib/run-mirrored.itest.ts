import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const module = new URL('../../../bin/lib/run-mirrored.mjs', import.meta.url).href;

/** A process that mirrors another one, which runs `script`. */
function mirror(script: string, channel = false): ChildProcess {
  const program = `
    const { runMirrored } = await import(${JSON.stringify(module)});
    await runMirrored(process.execPath, ['-e', ${JSON.stringify(script)}]).catch((error) => {
      console.log('rejected', error.code);
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit', ...(channel ? ['ipc' as const] : [])],
  });
}

async function ended(child: ChildProcess): Promise<{ code: unknown; signal: unknown; output: string }> {
  const output = child.stdout ? text(child.stdout) : '';
  const exit: unknown[] = await once(child, 'exit');
  return { code: exit[0], signal: exit[1], output: await output };
}

describe('runMirrored', () => {
  it.each([0, 1, 77])('exits with code %i when the program did', async (code) => {
    expect(await ended(mirror(`process.exit(${code})`))).toMatchObject({ code, signal: null });
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'])('dies by %s when the program did', async (signal) => {
    expect(await ended(mirror(`process.kill(process.pid, '${signal}')`))).toMatchObject({ code: null, signal });
  });

  it('hands its standard input and output on', async () => {
    const child = mirror('process.stdin.pipe(process.stdout)');
    child.stdin?.end('frame after frame');
    expect(await ended(child)).toEqual({ code: 0, signal: null, output: 'frame after frame' });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'forwards %s, and lets the program end in its own way',
    async (signal) => {
      const child = mirror(`
      process.once('${signal}', () => { console.log('polite'); process.exit(3); });
      console.log('ready'); setInterval(() => {}, 1000);`);
      const result = ended(child);
      await once(child.stdout ?? child, 'data');
      child.kill(signal);
      expect(await result).toEqual({ code: 3, signal: null, output: 'ready\npolite\n' });
    },
  );

  it('passes messages both ways, and the end of the channel', async () => {
    const child = mirror(
      `process.on('message', (message) => process.send({ echo: message }));
       process.on('disconnect', () => process.exit(5));`,
      true,
    );
    const result = ended(child);
    child.send({ frame: 7 });
    expect(await once(child, 'message')).toEqual([{ echo: { frame: 7 } }, undefined]);
    child.disconnect();
    expect(await result).toMatchObject({ code: 5 });
  });
});
