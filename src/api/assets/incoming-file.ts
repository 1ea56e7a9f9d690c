import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../errors/coded-error.ts';
import { type FileKind, fileKind } from '../../model/job/media-types.ts';
import { filenameOf, safeFilename } from '../http/content-disposition.ts';
import { invalidRequest } from '../http/validation.ts';
import { type IncomingFile, tooLarge } from '../jobs/store-file.ts';
import type { ApiLimits } from '../services.ts';

/** What multipart framing may add to a file, in bytes. */
const framingBytes = 64 * 1024;
const maxFieldInMessage = 80;

/** The file of an upload, in a form or as the raw body; `name` is that of a raw body. Its bytes are not read yet. */
export async function incomingFile(
  request: FastifyRequest,
  limits: ApiLimits,
  name: string | undefined,
): Promise<IncomingFile> {
  const announcedBytes = Number(request.headers['content-length'] ?? 0);
  return request.isMultipart()
    ? multipartFile(request, limits, announcedBytes)
    : rawFile(request, limits, announcedBytes, name);
}

/** The kind of a file by its name or type, and its limit. Throws `FILE_TOO_LARGE` when it has at least `minBytes`. */
function knownKind(
  { filename, contentType, minBytes }: { filename: string; contentType: string; minBytes: number },
  limits: ApiLimits,
): FileKind & { readonly maxBytes: number } {
  const kind = fileKind(filename, contentType);
  if (kind === undefined) {
    throw new CodedError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Expected a video, audio, image or subtitle file, got a file of another kind.',
      {
        remedy:
          'Name the file with its usual extension, for example clip.mp4, or send a content type such as video/mp4.',
      },
    );
  }
  const maxBytes = kind.subtitle ? limits.subtitleBytes : limits.fileBytes;
  if (minBytes > maxBytes) throw tooLarge(maxBytes);
  return { ...kind, maxBytes };
}

function rawFile(
  request: FastifyRequest,
  limits: ApiLimits,
  announcedBytes: number,
  name: string | undefined,
): IncomingFile {
  const { headers } = request;
  const given = name ?? filenameOf(headers['content-disposition']);
  const filename = given === undefined ? '' : safeFilename(given);
  const contentType = headers['content-type'] ?? '';
  const kind = knownKind({ filename, contentType, minBytes: announcedBytes }, limits);
  return { ...kind, filename: given === undefined ? `file.${kind.extension}` : filename, content: bytesOf(request) };
}

/** The body as it arrives. A rejection in the middle must not destroy the request: that would cut off the reply as well. */
function bytesOf({ raw }: FastifyRequest): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => raw.iterator({ destroyOnReturn: false }) };
}

async function multipartFile(
  request: FastifyRequest,
  limits: ApiLimits,
  announcedBytes: number,
): Promise<IncomingFile> {
  if (announcedBytes > limits.fileBytes + framingBytes) throw tooLarge(limits.fileBytes);
  // One byte more than the limit, so that our own count rejects; the parser would truncate the file.
  const parts = request.parts({ limits: { parts: 2, fileSize: limits.fileBytes + 1 } });
  const first = await parts.next();
  if (first.done === true)
    throw invalidRequest([{ path: 'file', message: 'is required (expected one file in the form)' }]);
  if (first.value.type !== 'file') throw unexpectedPart(first.value.fieldname);
  const { filename: given, mimetype: contentType, file } = first.value;
  const filename = safeFilename(given);
  const kind = knownKind({ filename, contentType, minBytes: announcedBytes - framingBytes }, limits);
  return { ...kind, filename, content: onlyPart(file, parts) };
}

/** The bytes of the first part; they fail at their end if another part follows, so that no part is ignored. */
async function* onlyPart(file: AsyncIterable<Uint8Array>, parts: AsyncIterator<Multipart>): AsyncGenerator<Uint8Array> {
  yield* file;
  const next = await parts.next();
  if (next.done !== true) throw unexpectedPart(next.value.fieldname);
}

function unexpectedPart(fieldname: string): CodedError {
  const path = fieldname.slice(0, maxFieldInMessage);
  return invalidRequest([{ path, message: 'unknown field (expected one file in the form and nothing else)' }]);
}
