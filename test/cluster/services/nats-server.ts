import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from '../control-plane/guard.ts';
import { type Program, startProgram, whenReady } from '../control-plane/program.ts';

/** A real nats-server with JetStream, on loopback. */
export interface NatsServer extends AsyncDisposable {
  /** `nats://127.0.0.1:PORT` */
  readonly url: string;
  readonly program: Program;
}

/**
 * @param path its program
 * @param options `port` to come back on the same one after a kill, a free one when absent; `config` is the text of a
 * configuration file, for example with users and what each may do; `jetStream: false` leaves JetStream out
 */
export async function startNatsServer(
  path: string,
  { port = -1, config = '', jetStream = true }: { port?: number; config?: string; jetStream?: boolean } = {},
): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-nats-'));
  const guard = startGuard(folder);
  const configFile = join(folder, 'nats.conf');
  await writeFile(configFile, config);
  // -1 is a free port, which it writes to a file.
  const args = [
    '-c',
    configFile,
    '-a',
    '127.0.0.1',
    '-p',
    String(port),
    ...(jetStream ? ['-js', '-sd', join(folder, 'jetstream')] : []),
    '--ports_file_dir',
    folder,
  ];
  const program = startProgram(path, args, { guard, folder });
  const stop = async (): Promise<void> => {
    await program.stop();
    await guard[Symbol.asyncDispose]();
  };
  try {
    let url = '';
    await whenReady(program, async () => {
      const file = (await readdir(folder)).find((name) => name.endsWith('.ports'));
      if (file === undefined) return false;
      url = firstUrl(await readFile(join(folder, file), 'utf8'));
      return url !== '';
    });
    return { url, program, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstUrl(text: string): string {
  return /nats:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? '';
}
