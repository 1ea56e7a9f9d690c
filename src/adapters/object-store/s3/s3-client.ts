import type { LookupFunction } from 'node:net';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Timeouts {
  readonly connectMs: number;
  /** Longest silence of a connection. */
  readonly idleMs: number;
  /** Longest time of a call that carries no content, its retries included. */
  readonly callMs: number;
  /** Number of tries of a call, the first one included. */
  readonly tries: number;
}

/** Where an S3 server is and how it is reached. */
export interface S3Connection {
  /** `http://host:port` or `https://host`; AWS when absent. */
  readonly endpoint?: string | undefined;
  /** That of the AWS SDK (`AWS_REGION`, profile) when absent. */
  readonly region?: string | undefined;
  /** Whether the bucket stands in the path of URLs, not in their host. */
  readonly forcePathStyle?: boolean | undefined;
  /** Those that the AWS SDK finds (environment, role of the pod or the machine, profile) when absent. */
  readonly credentials?: S3Credentials | undefined;
  readonly timeouts?: Partial<S3Timeouts> | undefined;
  /** How names of hosts are resolved; by the system when absent. */
  readonly lookup?: LookupFunction | undefined;
}

const defaultTimeouts: S3Timeouts = { connectMs: 5000, idleMs: 30_000, callMs: 60_000, tries: 4 };
/** Parts of one upload, and the calls of an API that streams to many clients. */
const maxSockets = 64;

export function timeoutsOf({ timeouts }: Pick<S3Connection, 'timeouts'>): S3Timeouts {
  return { ...defaultTimeouts, ...timeouts };
}

export function createS3Client(connection: S3Connection): S3Client {
  const { endpoint, region, forcePathStyle = false, credentials, lookup } = connection;
  const { connectMs, idleMs, tries } = timeoutsOf(connection);
  const agent = { keepAlive: true, maxSockets, ...(lookup && { lookup }) };
  const config: S3ClientConfig = {
    forcePathStyle,
    maxAttempts: tries,
    // The payload's SHA-256 is signed in every request. Some servers reject other checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: endpoint === undefined,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: idleMs,
      httpAgent: agent,
      httpsAgent: agent,
      // It would write warnings to the console, which is for our own log.
      logger: silent,
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    // Servers other than AWS have no regions, but the signature needs one.
    ...(region !== undefined ? { region } : endpoint !== undefined && { region: 'us-east-1' }),
  };
  return new S3Client(config);
}

const ignore = (): void => undefined;
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
