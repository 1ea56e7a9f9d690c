import { CodedError } from '../../errors/coded-error.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Input } from '../../model/job/inputs.ts';
import type { RenderJobSpec } from '../../model/job/render-job.ts';
import { invalidRequest } from '../http/validation.ts';
import type { ApiServices } from '../services.ts';

/** Names of objects that a client can have: flat, so that nothing but published and uploaded files is reachable. */
const assetKey = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

export function isAssetKey(text: string): boolean {
  return assetKey.test(text);
}

/** The asset that a URL of ours names, absolute or as a path; `undefined` for any other URL. */
export function assetOf(url: string, folders: readonly string[]): string | undefined {
  for (const folder of ['/assets/', ...folders]) {
    if (!url.startsWith(folder)) continue;
    const [name = ''] = url.slice(folder.length).split(/[?#]/, 1);
    if (isAssetKey(name)) return name;
  }
  return undefined;
}

/**
 * Where an input comes from, as the model says it: `asset` for a URL of ours, `url` for another http(s) one.
 *
 * @param folders beginnings of URLs of ours
 * @param path field of the request
 */
export function sourceOf(url: string, folders: readonly string[], path: string): Pick<Input, 'asset' | 'url'> {
  const asset = assetOf(url, folders);
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
 * Checks every input of a spec before the job is made: uploaded files must be there, URLs must pass the address guard.
 * `pathOf` names the field of the request that an input came from.
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
        const path = pathOf(input);
        throw new CodedError(
          'SOURCE_NOT_FOUND',
          `${path}: expected an uploaded or rendered file, got one that does not exist.`,
          {
            details: [{ path, message: 'no such file' }],
          },
        );
      }
      if (input.url !== undefined) await guarded(checkSource, input.url, pathOf(input));
    }),
  );
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
