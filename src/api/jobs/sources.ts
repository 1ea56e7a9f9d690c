import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Input } from '../../model/job/inputs.ts';
import type { RenderJobSpec } from '../../model/job/render-job.ts';
import { invalidRequest } from '../http/validation.ts';
import type { ApiServices } from '../services.ts';

/** Names of objects that clients can reach: without folders, so only published and uploaded files match. */
const assetKey = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

export function isAssetKey(text: string): boolean {
  return assetKey.test(text);
}

/** The asset of a URL, absolute or a path; `undefined` for a URL outside these prefixes. */
function assetOf(url: string, prefixes: readonly string[]): string | undefined {
  for (const prefix of ['/assets/', ...prefixes]) {
    if (!url.startsWith(prefix)) continue;
    const [name = ''] = url.slice(prefix.length).split(/[?#]/, 1);
    if (isAssetKey(name)) return name;
  }
  return undefined;
}

/**
 * The source of an input: `asset` for a URL of an asset of this installation, `url` for another http(s) URL.
 *
 * @param prefixes starts of URLs of assets
 * @param path field of the request
 */
export function sourceOf(url: string, prefixes: readonly string[], path: string): Pick<Input, 'asset' | 'url'> {
  const asset = assetOf(url, prefixes);
  if (asset !== undefined) return { asset };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || !/^https?:\/\//.test(url)) {
    throw invalidRequest([{ path, message: 'must be an http or https URL, or the URL of an uploaded file' }]);
  }
  if (url.length > bounds.url)
    throw invalidRequest([{ path, message: `must be at most ${bounds.url} characters, got ${url.length}` }]);
  return { url };
}

/**
 * Checks every input of a spec before the job is created: assets must exist, URLs must pass the address guard.
 * `pathOf` gives the field of the request that an input came from.
 */
export async function checkSources(
  { objects, checkSource, checkBuckets }: Pick<ApiServices, 'objects' | 'checkSource' | 'checkBuckets'>,
  spec: RenderJobSpec,
  pathOf: (input: Input) => string,
): Promise<void> {
  checkBuckets?.(spec);
  await Promise.all(
    spec.inputs.map(async (input) => {
      if (input.asset !== undefined && (await objects.stat(input.asset)) === undefined) {
        throw missingAsset(pathOf(input));
      }
      if (input.url !== undefined) await guarded(checkSource, input.url, pathOf(input));
    }),
  );
}

function missingAsset(path: string): CodedError {
  const message = `${path}: expected an uploaded or rendered file, got one that does not exist.`;
  return new CodedError('SOURCE_NOT_FOUND', message, { details: [{ path, message: 'no such file' }] });
}

async function guarded(checkSource: ApiServices['checkSource'], url: string, path: string): Promise<void> {
  try {
    await checkSource(url);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new CodedError(error.code, `${path}: ${error.message}`, {
      cause: error,
      remedy: error.remedy,
      details: [{ path, message: error.message }],
    });
  }
}
