import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { httpDate } from '../../../lib/http-date.ts';
import { mediaTypeOf } from '../../../model/job/media-types.ts';
import type { ObjectInfo, ObjectStore } from '../../../ports/object-store.ts';
import type { ApiContext, Routes } from '../../context.ts';
import { byteRange } from '../../http/byte-range.ts';
import { contentDisposition } from '../../http/content-disposition.ts';
import { matchesEtag } from '../../http/reply-headers.ts';
import { plainErrors, rawReply } from '../../http/reply-schemas.ts';
import { isAssetKey } from '../../jobs/sources.ts';
import { noSuchFile } from '../asset-access.ts';

/** A file that a browser takes for a page can do nothing: no scripts, no forms, an origin of its own. */
const contentSecurityPolicy =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/** `GET /assets/:file`: files for any client with their unguessable URL, with ranges for players. */
export const getFile: Routes = (app, context) => {
  const { objects } = context.services;
  app.route({
    method: ['GET', 'HEAD'],
    url: '/assets/:file',
    exposeHeadRoute: false,
    schema: {
      tags: ['assets'],
      summary: 'Fetch a file, whole or a range of it',
      security: [],
      params: z.object({ file: z.string().describe('Name of the file.') }),
      querystring: z.object({
        download: z.string().max(8).optional().describe('When present, browsers save the file instead of showing it.'),
      }),
      response: {
        200: rawReply('The file.', 'application/octet-stream'),
        206: rawReply('A range of it.', 'application/octet-stream'),
        ...plainErrors,
      },
    },
    handler: async (request, reply) => {
      const { file } = request.params;
      const info = isAssetKey(file) ? await objects.stat(file) : undefined;
      if (info === undefined) throw noSuchFile();
      await describeFile(context, reply, { file, info, download: request.query.download !== undefined });
      if (isUnchanged(request, info)) {
        return reply.code(304).removeHeader('content-length').removeHeader('content-type').send('');
      }
      return sendFile(objects, reply, file, info);
    },
  });
};

function tagOf({ etag }: ObjectInfo): string {
  return `"${etag}"`;
}

async function describeFile(
  { services }: ApiContext,
  reply: FastifyReply,
  { file, info, download }: { readonly file: string; readonly info: ObjectInfo; readonly download: boolean },
): Promise<void> {
  const asset = await services.assets.get(file);
  const type = asset?.mediaType ?? mediaTypeOf(file);
  reply
    // WebVTT is always UTF-8; the character set of an SRT file is unknown.
    .type(type === 'text/vtt' ? `${type}; charset=utf-8` : type)
    .header('etag', tagOf(info))
    .header('last-modified', httpDate(info.modifiedAt))
    .header('accept-ranges', 'bytes')
    .header('content-length', info.bytes)
    .header('content-disposition', contentDisposition(download ? 'attachment' : 'inline', asset?.filename ?? file))
    .header('cache-control', 'private, max-age=3600, immutable')
    .header('content-security-policy', contentSecurityPolicy)
    // No cookie or key is involved, so any page may play a file whose URL it has.
    .header('access-control-allow-origin', '*')
    .header('access-control-expose-headers', 'accept-ranges, content-length, content-range, etag')
    .header('cross-origin-resource-policy', 'cross-origin');
}

function isUnchanged({ headers }: FastifyRequest, info: ObjectInfo): boolean {
  if (headers['if-none-match'] !== undefined) return matchesEtag(headers['if-none-match'], tagOf(info));
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && Math.floor(info.modifiedAt / 1000) <= since / 1000;
}

/** Whether a range may be served: without `If-Range`, or when it names this very file (RFC 9110, section 13.1.5). */
function allowsRange(ifRange: string | undefined, info: ObjectInfo): boolean {
  return ifRange === undefined || ifRange === tagOf(info) || ifRange === httpDate(info.modifiedAt);
}

async function sendFile(
  objects: Pick<ObjectStore, 'read'>,
  reply: FastifyReply,
  file: string,
  info: ObjectInfo,
): Promise<FastifyReply> {
  const { headers, method } = reply.request;
  const usable = method === 'GET' && allowsRange(headers['if-range']?.toString(), info);
  const range = usable ? byteRange(headers.range, info.bytes) : 'whole';
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${info.bytes}`).removeHeader('content-disposition');
    throw new CodedError('RANGE_NOT_SATISFIABLE', `Expected a range within ${info.bytes} bytes, got one outside.`);
  }
  if (method === 'HEAD') return reply.send('');
  if (range === 'whole') return reply.send(Readable.from(await objects.read(file)));
  reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${range.end}/${info.bytes}`)
    .header('content-length', range.end - range.start + 1);
  return reply.send(Readable.from(await objects.read(file, range)));
}
