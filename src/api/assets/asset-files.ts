import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { httpDate } from '../../lib/http-date.ts';
import { mediaTypeOf } from '../../model/job/media-types.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { ApiContext } from '../context.ts';
import { byteRange } from '../http/byte-range.ts';
import { contentDisposition } from '../http/content-disposition.ts';
import { matchesEtag } from '../http/reply-headers.ts';
import { plainErrors, rawReply } from '../http/reply-schemas.ts';
import { isAssetKey } from '../jobs/sources.ts';

/** Even a file that a browser takes for a page can do nothing: no scripts, no forms, an origin of its own. */
const contentSecurityPolicy =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

function noSuchFile(): CodedError {
  return new CodedError('NOT_FOUND', 'No such file.');
}

function unchanged({ headers }: FastifyRequest, etag: string, modifiedAt: number): boolean {
  if (headers['if-none-match'] !== undefined) return matchesEtag(headers['if-none-match'], etag);
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && Math.floor(modifiedAt / 1000) <= since / 1000;
}

/** Whether a range may be served: without `If-Range`, or when it names this very file (RFC 9110, section 13.1.5). */
function sameFile(header: string | undefined, etag: string, modifiedAt: number): boolean {
  return header === undefined || header === etag || header === httpDate(modifiedAt);
}

/** `/assets/:file`: uploaded and rendered files for whoever knows their unguessable URL, with ranges for players. */
export function assetFiles(plain: FastifyInstance, { services }: ApiContext): void {
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { objects, assets } = services;

  const describe = async (
    file: string,
    { bytes, modifiedAt, etag }: ObjectInfo,
    download: boolean,
    reply: FastifyReply,
  ): Promise<string> => {
    const asset = await assets.get(file);
    const type = asset?.mediaType ?? mediaTypeOf(file);
    const tag = `"${etag}"`;
    reply
      // WebVTT is always UTF-8; what an SRT file is written in nobody knows.
      .type(type === 'text/vtt' ? `${type}; charset=utf-8` : type)
      .header('etag', tag)
      .header('last-modified', httpDate(modifiedAt))
      .header('accept-ranges', 'bytes')
      .header('content-length', bytes)
      .header('content-disposition', contentDisposition(download ? 'attachment' : 'inline', asset?.filename ?? file))
      .header('cache-control', 'private, max-age=3600, immutable')
      .header('content-security-policy', contentSecurityPolicy)
      // No cookie or key is involved, so any page may play what it has the URL of.
      .header('access-control-allow-origin', '*')
      .header('access-control-expose-headers', 'accept-ranges, content-length, content-range, etag')
      .header('cross-origin-resource-policy', 'cross-origin');
    return tag;
  };

  app.route({
    method: ['GET', 'HEAD'],
    url: '/assets/:file',
    exposeHeadRoute: false,
    schema: {
      tags: ['assets'],
      summary: 'Fetch a file, whole or a range of it',
      security: [],
      params: z.object({ file: z.string().describe('Name of the file.') }),
      querystring: z.object({ download: z.string().max(8).optional().describe('Present: offer the file for saving.') }),
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
      const tag = await describe(file, info, request.query.download !== undefined, reply);
      if (unchanged(request, tag, info.modifiedAt)) {
        return reply.code(304).removeHeader('content-length').removeHeader('content-type').send('');
      }
      const usable = sameFile(request.headers['if-range']?.toString(), tag, info.modifiedAt);
      const range = request.method === 'GET' && usable ? byteRange(request.headers.range, info.bytes) : 'whole';
      if (range === 'unsatisfiable') {
        reply.header('content-range', `bytes */${info.bytes}`).removeHeader('content-disposition');
        throw new CodedError('RANGE_NOT_SATISFIABLE', `Expected a range within ${info.bytes} bytes, got one outside.`);
      }
      if (request.method === 'HEAD') return reply.send('');
      if (range === 'whole') return reply.send(Readable.from(await objects.read(file)));
      reply
        .code(206)
        .header('content-range', `bytes ${range.start}-${range.end}/${info.bytes}`)
        .header('content-length', range.end - range.start + 1);
      return reply.send(Readable.from(await objects.read(file, range)));
    },
  });
}
