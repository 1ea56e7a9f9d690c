import { z } from 'zod';
import { clusterVerbs, commaList, onOff, optionalText, type SettingGroup, wholeNumber } from './setting.ts';

/** Scheme, host and port: credentials are never part of an endpoint. */
const endpoint = /^https?:\/\/[^\s/?#@,]+$/i;
const endpointError = 'expected http://HOST:PORT or https://HOST';
const optionalEndpoint = z
  .string()
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => text === '' || endpoint.test(text), { error: endpointError })
  .transform((text) => (text === '' ? undefined : text));

/** The bucket of the object store, and which buckets jobs may name. */
export const s3Settings = {
  bucket: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_BUCKET',
    schema: optionalText,
    default: '',
    about: 'Bucket of the object store; credentials come from the default provider chain of the AWS SDK.',
  },
  prefix: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_PREFIX',
    schema: z.string().regex(/^([^/]+(\/[^/]+)*\/?)?$/, { error: 'expected a path without a slash at its start' }),
    default: '',
    about: 'Prefix of the keys of all objects in the bucket.',
  },
  endpoint: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_ENDPOINT',
    secret: true,
    schema: optionalEndpoint,
    default: '',
    about: 'URL of the S3 server; that of AWS when empty.',
  },
  region: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_REGION',
    schema: optionalText,
    default: '',
    about: 'Region of the bucket; the one of the AWS SDK when empty.',
  },
  forcePathStyle: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_FORCE_PATH_STYLE',
    schema: onOff,
    default: 'off',
    about:
      'Whether the bucket is part of the path of URLs instead of their host, as most servers other than AWS expect.',
  },
  publicEndpoint: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_S3_PUBLIC_ENDPOINT',
    secret: true,
    schema: optionalEndpoint,
    default: '',
    about: 'URL of the S3 server as clients reach it, for presigned URLs; FRAMEWRIGHT_S3_ENDPOINT when empty.',
  },
  urls: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_S3_URLS',
    schema: z.enum(['presigned', 'assets']),
    default: 'presigned',
    about:
      'URLs of outputs: `presigned` URLs of the S3 server, which expire, or URLs of `assets`, which this server answers with the content. Playlists always use `/assets`.',
  },
  urlSeconds: {
    verbs: ['api'],
    variable: 'FRAMEWRIGHT_S3_URL_SECONDS',
    schema: wholeNumber(1, 604_800),
    default: '3600',
    about: 'How long presigned URLs are valid.',
  },
  sourceBuckets: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_SOURCE_BUCKETS',
    schema: commaList,
    default: '',
    about:
      'Buckets that inputs of kind `s3` may come from, separated by commas: `bucket`, `bucket/prefix`, or `*` for all that the credentials allow; none when empty.',
  },
  destinationBuckets: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_DESTINATION_BUCKETS',
    schema: commaList,
    default: '',
    about: 'Buckets that outputs may go to by `output.destination.s3`, in the same form; none when empty.',
  },
  endpoints: {
    verbs: clusterVerbs,
    variable: 'FRAMEWRIGHT_S3_ENDPOINTS',
    secret: true,
    schema: commaList.refine((list) => list.every((one) => endpoint.test(one)), { error: endpointError }),
    default: '',
    about:
      'Further endpoints that `s3` inputs and destinations may name, separated by commas; a job that names one must also name a Secret with credentials.',
  },
} as const satisfies SettingGroup;
