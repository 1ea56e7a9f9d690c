import { z } from 'zod';
import { clusterVerbs, commaList, onOff, optionalText, type Setting, wholeNumber } from './setting.ts';

/** Scheme, host and port: credentials have their own place, and nothing else belongs to a server. */
const endpoint = /^https?:\/\/[^\s/?#@,]+$/i;
const endpointError = 'expected http://HOST:PORT or https://HOST';
const optionalEndpoint = z
  .string()
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => text === '' || endpoint.test(text), { error: endpointError })
  .transform((text) => (text === '' ? undefined : text));

/** Where objects are in a bucket, and what of S3 jobs may name. */
export const s3Settings = {
  s3Bucket: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_BUCKET',
    schema: optionalText,
    default: '',
    about: 'Bucket of the object store; credentials come from where the AWS SDK looks for them.',
  },
  s3Prefix: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_PREFIX',
    schema: z.string().regex(/^([^/]+(\/[^/]+)*\/?)?$/, { error: 'expected a path without a slash at its start' }),
    default: '',
    about: 'Beginning of the keys of all objects in the bucket.',
  },
  s3Endpoint: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_ENDPOINT',
    secret: true,
    schema: optionalEndpoint,
    default: '',
    about: 'URL of the S3 server; that of AWS when empty.',
  },
  s3Region: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_REGION',
    schema: optionalText,
    default: '',
    about: 'Region of the bucket; the one of the AWS SDK when empty.',
  },
  s3ForcePathStyle: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_FORCE_PATH_STYLE',
    schema: onOff,
    default: 'off',
    about: 'Whether the bucket stands in the path of URLs, not in their host, as most servers other than AWS want it.',
  },
  s3PublicEndpoint: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_S3_PUBLIC_ENDPOINT',
    secret: true,
    schema: optionalEndpoint,
    default: '',
    about: 'URL of the S3 server as clients reach it, for presigned URLs; FRAMEWRIGHT_S3_ENDPOINT when empty.',
  },
  s3Urls: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_S3_URLS',
    schema: z.enum(['presigned', 'assets']),
    default: 'presigned',
    about:
      'What URLs of outputs are: presigned ones of the S3 server that expire, or those of `/assets`, which passes the content on. Playlists always go through `/assets`.',
  },
  s3UrlSeconds: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_S3_URL_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '3600',
    about: 'How long presigned URLs work.',
  },
  s3SourceBuckets: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_SOURCE_BUCKETS',
    schema: commaList,
    default: '',
    about:
      'Buckets that inputs of kind `s3` may come from, separated by commas: `bucket`, `bucket/prefix`, or `*` for all that the credentials open; none when empty.',
  },
  s3DestinationBuckets: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_DESTINATION_BUCKETS',
    schema: commaList,
    default: '',
    about: 'Buckets that outputs may go to by `output.destination.s3`, in the same form; none when empty.',
  },
  s3Endpoints: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_ENDPOINTS',
    secret: true,
    schema: commaList.refine((list) => list.every((one) => endpoint.test(one)), { error: endpointError }),
    default: '',
    about:
      'Endpoints that `s3` inputs and destinations may name beside that of the object store, separated by commas; with one of these a job has to name a Secret with credentials too.',
  },
} as const satisfies Record<string, Setting>;
