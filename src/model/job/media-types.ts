/** Media types (RFC 6838) of files that can be uploaded and published, by file extension. */
const byExtension: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  mkv: 'video/x-matroska',
  webm: 'video/webm',
  avi: 'video/x-msvideo',
  ts: 'video/mp2t',
  m2ts: 'video/mp2t',
  mts: 'video/mp2t',
  mpg: 'video/mpeg',
  mpeg: 'video/mpeg',
  mxf: 'application/mxf',
  ogv: 'video/ogg',
  flv: 'video/x-flv',
  wmv: 'video/x-ms-wmv',
  '3gp': 'video/3gpp',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  wav: 'audio/wav',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  mka: 'audio/x-matroska',
  weba: 'audio/webm',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  srt: 'application/x-subrip',
  vtt: 'text/vtt',
  ass: 'text/x-ssa',
  ssa: 'text/x-ssa',
};

/** Media types of files that are published but cannot be uploaded: they refer to other files, or are parts of one. */
const published: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  mpd: 'application/dash+xml',
  m4s: 'video/iso.segment',
};

/** Other names that clients use for the same types. */
const synonyms: Readonly<Record<string, string>> = {
  'video/x-m4v': 'video/mp4',
  'video/matroska': 'video/x-matroska',
  'audio/mp3': 'audio/mpeg',
  'audio/x-m4a': 'audio/mp4',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-flac': 'audio/flac',
  'audio/opus': 'audio/ogg',
  'text/srt': 'application/x-subrip',
  'application/srt': 'application/x-subrip',
  'text/x-ass': 'text/x-ssa',
};

const subtitleTypes: ReadonlySet<string> = new Set(['application/x-subrip', 'text/vtt', 'text/x-ssa']);

/** Lower-case extension of a file name without its dot; empty when it has none. */
function extensionOf(filename: string): string {
  return /\.([A-Za-z0-9]{1,8})$/.exec(filename)?.[1]?.toLowerCase() ?? '';
}

/** The media type of a published or uploaded file, for its replies. */
export function mediaTypeOf(filename: string): string {
  const extension = extensionOf(filename);
  const own = Object.hasOwn(published, extension) ? published[extension] : undefined;
  return own ?? lookUp(extension) ?? 'application/octet-stream';
}

function lookUp(extension: string): string | undefined {
  return Object.hasOwn(byExtension, extension) ? byExtension[extension] : undefined;
}

export interface FileKind {
  readonly extension: string;
  readonly mediaType: string;
  readonly subtitle: boolean;
}

/**
 * The kind of a file by the extension of its name, else by its content type. `undefined` for a kind that no operation
 * accepts.
 */
export function fileKind(filename: string, contentType: string): FileKind | undefined {
  const [bare = ''] = contentType.toLowerCase().split(';', 1);
  const type = synonyms[bare.trim()] ?? bare.trim();
  const named = extensionOf(filename);
  const extension =
    lookUp(named) === undefined && named === ''
      ? Object.keys(byExtension).find((key) => byExtension[key] === type)
      : named;
  const mediaType = extension === undefined ? undefined : lookUp(extension);
  if (extension === undefined || mediaType === undefined) return undefined;
  return { extension, mediaType, subtitle: subtitleTypes.has(mediaType) };
}
