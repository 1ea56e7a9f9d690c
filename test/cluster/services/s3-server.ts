import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort } from '../control-plane/free-port.ts';
import { startGuard } from '../control-plane/guard.ts';
import { type Program, startProgram, whenReady } from '../control-plane/program.ts';

/** A real S3 server on a folder, on loopback. */
export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly program: Program;
}

export interface S3ServerOptions {
  /** Domain below which every bucket is a host of its own; buckets stand in the path when absent. */
  readonly virtualDomain?: string;
}

/** @param path the program versitygw */
export async function startS3Server(path: string, { virtualDomain }: S3ServerOptions = {}): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'framewright-s3-'));
  const guard = startGuard(folder);
  const [port, buckets] = [await freePort(), join(folder, 'buckets')];
  await mkdir(buckets);
  const region = 'us-east-1';
  const [accessKeyId, secretAccessKey] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')];
  const addressing = virtualDomain === undefined ? [] : ['--virtual-domain', virtualDomain];
  const listen = ['--port', `127.0.0.1:${port}`, '--region', region, ...addressing];
  const program = startProgram(path, [...listen, 'posix', buckets], {
    guard,
    folder,
    // Not as arguments, which every user of the machine can read.
    env: { ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey },
  });
  const stop = async (): Promise<void> => {
    await program.stop();
    await guard[Symbol.asyncDispose]();
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    // Anyone may ask; without a signature the answer is 403.
    await whenReady(program, async () => (await request(endpoint)).statusCode < 500);
    return { endpoint, region, accessKeyId, secretAccessKey, program, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
