import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { createS3Client, type S3Connection } from '../../src/adapters/object-store/s3/s3-client.ts';
import { S3Store, type S3StoreOptions } from '../../src/adapters/object-store/s3/s3-store.ts';
import { type S3Server, type S3ServerOptions, startS3Server } from '../cluster/services/s3-server.ts';

/** A real S3 server with buckets and stores that tests make. */
export interface S3Bench extends AsyncDisposable {
  readonly server: S3Server;
  /** What a store needs to reach the server. */
  readonly connection: S3Connection;
  /** Makes a bucket of its own for a test. */
  bucket(): Promise<string>;
  /** A folder that goes with the bench. */
  folder(): Promise<string>;
  /** A store in a new bucket, with other options where they are given. */
  store(options?: Partial<S3StoreOptions>): Promise<S3Store>;
}

export async function createS3Bench(
  paths: Readonly<Record<string, string>>,
  options: S3ServerOptions = {},
): Promise<S3Bench> {
  const server = await startS3Server(paths['versitygw'] ?? '', options);
  const top = await mkdtemp(join(tmpdir(), 'fw-s3-'));
  const { region, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const { virtualDomain } = options;
  const connection =
    virtualDomain === undefined
      ? { endpoint: server.endpoint, region, forcePathStyle: true, credentials }
      : { endpoint: `http://${virtualDomain}:${new URL(server.endpoint).port}`, region, credentials, lookup: loopback };
  const client = createS3Client(connection);
  const bucket = async (): Promise<string> => {
    const name = `b-${randomBytes(6).toString('hex')}`;
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  };
  const folder = (): Promise<string> => mkdtemp(join(top, 'd-'));
  return {
    server,
    connection,
    bucket,
    folder,
    async store(other = {}) {
      return new S3Store({
        ...connection,
        bucket: other.bucket ?? (await bucket()),
        uploadDir: await folder(),
        ...other,
      });
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
      await rm(top, { recursive: true, force: true });
    },
  };
}

/** No resolver knows the hosts of a test. */
const loopback: LookupFunction = (_host, { all }, callback) => {
  if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
