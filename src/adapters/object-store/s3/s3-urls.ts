import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { S3Bucket } from './s3-bucket.ts';
import { createS3Client, type S3Connection } from './s3-client.ts';

export interface S3UrlOptions {
  /** Endpoint under which clients reach the server; that of the connection when absent. */
  readonly publicEndpoint?: string | undefined;
  /** `presigned`: URLs lead to the S3 server; `assets`: to the API, which passes the content on. */
  readonly urls?: 'presigned' | 'assets' | undefined;
  /** Life of presigned URLs for which the caller gives none, in seconds. */
  readonly urlSeconds?: number | undefined;
}

/** The longest life in SigV4: 7 days. */
const longestUrlSeconds = 604_800;

/** URLs under which clients read the objects of a bucket. */
export class S3Urls {
  readonly #bucket: S3Bucket;
  readonly #client: S3Client;
  readonly #kind: 'presigned' | 'assets';
  readonly #defaultSeconds: number;

  constructor(bucket: S3Bucket, options: S3UrlOptions & S3Connection) {
    const { publicEndpoint, urls = 'presigned', urlSeconds = 3600 } = options;
    this.#bucket = bucket;
    this.#client =
      publicEndpoint === undefined ? bucket.client : createS3Client({ ...options, endpoint: publicEndpoint });
    this.#kind = urls;
    this.#defaultSeconds = urlSeconds;
  }

  async urlOf(key: string, expiresSeconds = this.#defaultSeconds): Promise<string> {
    const object = this.#bucket.object(key);
    // A playlist names its parts relative to itself, and a signature is valid for one object only.
    if (this.#kind === 'assets' || isPlaylist(key)) {
      return `/assets/${key.split('/').map(encodeURIComponent).join('/')}`;
    }
    const expiresIn = Math.max(1, Math.min(longestUrlSeconds, Math.floor(expiresSeconds)));
    try {
      return await getSignedUrl(this.#client, new GetObjectCommand(object), { expiresIn });
    } catch (error) {
      throw this.#bucket.error(`sign a URL for the object ${key}`, error);
    }
  }
}

function isPlaylist(key: string): boolean {
  return /\.(m3u8|mpd)$/.test(key);
}
