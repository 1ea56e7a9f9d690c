import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { UsageError } from './cli-error.ts';
import { jobView, type OutputView } from './job-view.ts';
import { list, text } from './json.ts';

/** Addresses of the published files by their keys. */
export function outputUrls(job: unknown): ReadonlyMap<string, string> {
  return new Map(
    list(job, 'status', 'result', 'outputs').flatMap((output) => {
      const [key, url] = [text(output, 'key'), text(output, 'url')];
      return key && url ? [[key, url] as const] : [];
    }),
  );
}

/** A target is a folder when it is one, or ends with a slash. */
export function isFolder(target: string): boolean {
  return target.endsWith('/') || (existsSync(target) && statSync(target).isDirectory());
}

/**
 * Where each file goes: the main one to the target itself, others beside it (`clip.mp4` -> `clip-poster.jpg`), and all
 * into the target when that is a folder.
 */
export function placesOf(outputs: readonly OutputView[], target: string, folder: boolean): ReadonlyMap<string, string> {
  const { dir, name: stem } = parse(target);
  const main = outputs.find(({ name }) => name === 'main') ?? outputs[0];
  return new Map(
    outputs.map((output) => {
      const file = `${output.name}${extname(output.key)}`;
      if (folder) return [output.key, join(target, file)];
      return [output.key, output === main ? target : join(dir, `${stem}-${file}`)];
    }),
  );
}

/** @throws UsageError when the target is there and must stay */
export function checkTarget(target: string, overwrite: boolean): void {
  if (overwrite || isFolder(target) || !existsSync(target)) return;
  throw new UsageError(`${target} exists already`, { remedy: 'choose another name, or replace it with --overwrite' });
}

/** Downloads every file of a job; gives the local paths by key. */
export async function downloadOutputs(
  client: ApiClient,
  job: unknown,
  target: string,
  overwrite: boolean,
): Promise<ReadonlyMap<string, string>> {
  const { outputs } = jobView(job);
  const urls = outputUrls(job);
  const places = placesOf(outputs, target, isFolder(target));
  for (const place of places.values()) checkTarget(place, overwrite);
  for (const { key, bytes } of outputs) {
    const [place, url] = [places.get(key), urls.get(key)];
    if (place === undefined || url === undefined) continue;
    await mkdir(dirname(place), { recursive: true });
    await client.download(url, place, bytes);
  }
  return places;
}
