import { createHash } from 'node:crypto';
import multipart, { type Multipart } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CodedError } from '../../errors/coded-error.ts';
import { type FileKind, fileKind } from '../../model/job/media-types.ts';
import { isTerminal, phases } from '../../model/status/lifecycle.ts';
import type { Asset } from '../../ports/asset-index.ts';
import { type ApiContext, objectUrl, publicBase } from '../context.ts';
import { type Caller, callerOf } from '../http/auth.ts';
import { filenameOf, safeFilename } from '../http/content-disposition.ts';
import { idempotencyKeyOf, idempotencyMismatch } from '../http/idempotency.ts';
import { linkNextPage } from '../http/paging.ts';
import { plainErrors } from '../http/reply-schemas.ts';
import { invalidRequest } from '../http/validation.ts';
import { type IncomingFile, storeFile, tooLarge } from '../jobs/store-file.ts';
import type { ApiLimits } from '../services.ts';

const assetView = z.strictObject({
  id: z.string().describe('Id of the file; also the last part of its URL.'),
  url: z.string().describe('Where the file can be fetched, and what operations take as a source.'),
  filename: z.string().describe('The name that the client gave it.'),
  mediaType: z.string().describe('Media type (RFC 6838).'),
  bytes: z.int().min(1).describe('Size in bytes.'),
  sha256: z.string().describe('SHA-256 of the file in lower-case hex.'),
  createdAt: z.int().describe('Unix milliseconds.'),
});

/** What multipart framing may add to a file, in bytes. */
const framing = 64 * 1024;

/** Age from which a published file without an entry in the index is nobody's. */
const abandonedMs = 60_000;

/** When a request whose Idempotency-Key is in use may come again: another upload of it is about to end. */
const busySeconds = 1;

/** `/api/assets`: upload, list, delete. */
export async function assets(plain: FastifyInstance, context: ApiContext): Promise<void> {
  // Any other body is the file itself and stays a stream.
  plain.removeAllContentTypeParsers();
  await plain.register(multipart, { throwFileSizeLimit: false });
  plain.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const app = plain.withTypeProvider<ZodTypeProvider>();
  const { services } = context;

  const view = async (
    { key, owner: _owner, namespace: _namespace, ...asset }: Asset,
    base: string,
  ): Promise<z.output<typeof assetView>> => ({
    id: key,
    url: await objectUrl(context, key, base),
    ...asset,
  });

  app.route({
    method: 'POST',
    url: '/assets',
    schema: {
      tags: ['assets'],
      summary: 'Upload a file',
      description:
        'As multipart/form-data with one file, or as the raw body with its name in Content-Disposition or `filename`.',
      consumes: ['multipart/form-data', 'application/octet-stream'],
      querystring: z.strictObject({
        filename: z.string().min(1).max(1000).optional().describe('Name of a file that is the raw body.'),
      }),
      response: { 201: assetView, ...plainErrors },
    },
    config: { upload: true },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const asset = await upload(context, request, caller, request.query.filename).catch((error: unknown) => {
        if (error instanceof CodedError && error.code === 'CONFLICT') reply.header('retry-after', busySeconds);
        throw error;
      });
      const base = publicBase(context, request);
      return reply
        .code(201)
        .header('location', `/api/assets/${asset.key}`)
        .send(await view(asset, base));
    },
  });

  app.route({
    method: 'GET',
    url: '/assets',
    schema: {
      tags: ['assets'],
      summary: 'List the uploaded files',
      querystring: z.strictObject({
        limit: z.coerce.number().int().min(1).max(500).default(100).describe('Most files in the reply.'),
        cursor: z.string().max(200).optional().describe('From the Link header of the page before.'),
      }),
      response: { 200: z.strictObject({ assets: z.array(assetView).describe('Newest first.') }), ...plainErrors },
    },
    handler: async (request, reply) => {
      const { limit, cursor } = request.query;
      const page = await services.assets.list(ownedBy(callerOf(request)), {
        limit,
        ...(cursor !== undefined && { cursor }),
      });
      linkNextPage(reply, '/api/assets', { limit }, page.cursor);
      const base = publicBase(context, request);
      return { assets: await Promise.all(page.assets.map((asset) => view(asset, base))) };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/assets/:id',
    schema: {
      tags: ['assets'],
      summary: 'Delete an uploaded file',
      description: '409 CONFLICT names the jobs that have not ended and need it.',
      params: z.object({ id: z.string().describe('Id of the file.') }),
      response: { 204: z.null().describe('The file is gone.'), ...plainErrors },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const asset = await services.assets.get(request.params.id);
      if (asset === undefined || (caller.role !== 'admin' && asset.namespace !== caller.namespace)) {
        throw new CodedError('NOT_FOUND', 'No such file.');
      }
      if (caller.role === 'user' && asset.owner !== caller.owner) {
        throw new CodedError('FORBIDDEN', 'Not the owner of this resource.');
      }
      await refuseWhileNeeded(services.store, caller, asset.key);
      // The bytes first: an entry without them can be deleted again, bytes without an entry never.
      await services.objects.remove(asset.key);
      await services.assets.remove(asset.key);
      return reply.code(204).send(null);
    },
  });
}

/** Names of jobs in a refusal. */
const namedJobs = 5;

/** A job that has not ended may start, or start again, at any moment: its inputs have to stay. */
async function refuseWhileNeeded(store: ApiContext['services']['store'], caller: Caller, asset: string): Promise<void> {
  const filter = { asset, phases: phases.filter((phase) => !isTerminal(phase)) };
  const all = await store.count(filter);
  if (all === 0) return;
  // Whoever knows its URL can use a file; the names of others' jobs are theirs.
  const { jobs } = await store.list({ ...filter, ...ownedBy(caller) }, { limit: namedJobs });
  const names = jobs.map(({ metadata }) => metadata.name);
  const others = all - names.length;
  const list = [...names, ...(others > 0 ? [`${others} ${names.length > 0 ? 'more' : 'of others'}`] : [])].join(', ');
  throw new CodedError(
    'CONFLICT',
    `Expected a file that no unfinished job needs, got one that ${all === 1 ? 'one needs' : `${all} need`}: ${list}.`,
    {
      remedy: 'Wait until these jobs have ended, or cancel them; then delete the file.',
      details: names.map((name) => ({ path: name, message: 'needs this file as an input' })),
    },
  );
}

function ownedBy(caller: Caller): { readonly owner?: string; readonly namespace?: string } {
  if (caller.role === 'admin') return {};
  return caller.role === 'team-owner'
    ? { namespace: caller.namespace }
    : { namespace: caller.namespace, owner: caller.owner };
}

async function upload(
  { services, options }: ApiContext,
  request: FastifyRequest,
  caller: Caller,
  named: string | undefined,
): Promise<Asset> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const incoming = request.isMultipart()
    ? await multipartFile(request, options.limits, announced)
    : rawFile(request, options.limits, announced, named);
  return stored(services, request, caller, incoming);
}

function stored(
  services: ApiContext['services'],
  request: FastifyRequest,
  caller: Caller,
  incoming: IncomingFile,
): Promise<Asset> {
  const key = idempotencyKeyOf(request);
  if (key === undefined) return storeFile(services, caller, incoming);
  // Salted by the key of the caller, because the name of a file must not be guessable from what others may know.
  const stem = createHash('sha256')
    .update([caller.keyId, caller.namespace, caller.owner, key].join('\0'))
    .digest('hex');
  return storeOnce(services, caller, { ...incoming, stem });
}

/** Stores a file under its idempotency key; the same bytes again are the same file, others a mismatch. */
async function storeOnce(
  services: ApiContext['services'],
  caller: Caller,
  file: IncomingFile & { readonly stem: string },
): Promise<Asset> {
  for await (const { key, modifiedAt } of services.objects.list(file.stem)) {
    const known = await services.assets.get(key);
    if (known !== undefined) return sameFile(caller, file, known);
    // Published but not in the index: either just now, or by a server that died in between.
    if (services.clock.now() - modifiedAt < abandonedMs) throw busy();
    await services.objects.remove(key);
  }
  try {
    return await storeFile(services, caller, file);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'CONFLICT') throw busy(error);
    throw error;
  }
}

async function sameFile(caller: Caller, file: IncomingFile, known: Asset): Promise<Asset> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of file.content) {
    bytes += chunk.byteLength;
    if (bytes > known.bytes) throw idempotencyMismatch();
    hash.update(chunk);
  }
  if (known.owner !== caller.owner || hash.digest('hex') !== known.sha256) throw idempotencyMismatch();
  return known;
}

function busy(cause?: Error): CodedError {
  return new CodedError('CONFLICT', 'A request with this Idempotency-Key is being served now.', {
    remedy: 'Send the request again in a moment.',
    ...(cause !== undefined && { cause }),
  });
}

function knownKind(
  filename: string,
  contentType: string,
  limits: ApiLimits,
  least: number,
): FileKind & { readonly maxBytes: number } {
  const kind = fileKind(filename, contentType);
  if (kind === undefined) {
    throw new CodedError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Expected a video, sound, picture or subtitle file, got a file of another kind.',
      {
        remedy:
          'Give the file a name with its usual ending, for example clip.mp4, or a content type such as video/mp4.',
      },
    );
  }
  const maxBytes = kind.subtitle ? limits.subtitleBytes : limits.fileBytes;
  if (least > maxBytes) throw tooLarge(maxBytes);
  return { ...kind, maxBytes };
}

function rawFile(
  request: FastifyRequest,
  limits: ApiLimits,
  announced: number,
  named: string | undefined,
): IncomingFile {
  const filename = safeFilename(named ?? filenameOf(request.headers['content-disposition']) ?? '');
  const given = named ?? filenameOf(request.headers['content-disposition']);
  const kind = knownKind(given === undefined ? '' : filename, request.headers['content-type'] ?? '', limits, announced);
  return { ...kind, filename: given === undefined ? `file.${kind.extension}` : filename, content: bytesOf(request) };
}

/** The body as it comes. A refusal in the middle must not destroy the request, which would cut the reply off as well. */
function bytesOf({ raw }: FastifyRequest): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => raw.iterator({ destroyOnReturn: false }) };
}

async function multipartFile(request: FastifyRequest, limits: ApiLimits, announced: number): Promise<IncomingFile> {
  if (announced > limits.fileBytes + framing) throw tooLarge(limits.fileBytes);
  // One byte more than allowed, so that our own count refuses; the parser would cut the file off.
  const parts = request.parts({ limits: { parts: 2, fileSize: limits.fileBytes + 1 } });
  const first = await parts.next();
  if (first.done === true)
    throw invalidRequest([{ path: 'file', message: 'is required (expected one file in the form)' }]);
  if (first.value.type !== 'file') throw unexpectedPart(first.value.fieldname);
  const { filename: given, mimetype, file } = first.value;
  const filename = safeFilename(given);
  const kind = knownKind(filename, mimetype, limits, announced - framing);
  return { ...kind, filename, content: onlyPart(file, parts) };
}

/** The bytes of the first part, which fail at their end if another part follows: nothing that was sent is ignored. */
async function* onlyPart(file: AsyncIterable<Uint8Array>, parts: AsyncIterator<Multipart>): AsyncGenerator<Uint8Array> {
  yield* file;
  const next = await parts.next();
  if (next.done !== true) throw unexpectedPart(next.value.fieldname);
}

function unexpectedPart(fieldname: string): CodedError {
  return invalidRequest([
    { path: fieldname.slice(0, 80), message: 'unknown field (expected one file in the form and nothing else)' },
  ]);
}
