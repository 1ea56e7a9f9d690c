import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import { UsageError } from '../output/cli-error.ts';
import { jobView, type OutputView } from '../output/job-view.ts';
import type { ApiClient } from './api-client.ts';
import { downloadSet, type StreamSet } from './download-set.ts';
import { list, text } from './json.ts';
import { isDescription, prefixOf } from './stream-set.ts';

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

/** Downloads every file of a job, a set of segments whole; gives the local paths by key. */
export async function downloadOutputs(
  client: ApiClient,
  job: unknown,
  target: string,
  overwrite: boolean,
): Promise<ReadonlyMap<string, string>> {
  const { outputs } = jobView(job);
  const urls = outputUrls(job);
  const set = setOf(outputs, urls, client.url);
  if (set !== undefined) {
    const allowed = (path: string): void => checkTarget(path, overwrite);
    const others = outputs.filter(({ key }) => !set.others.includes(key) && key !== set.main && !isDescription(key));
    const files = await downloadSet(client, set, setFolder(target), allowed);
    if (others.length === 0) return files;
    const rest = await downloadFiles(client, others, urls, setFolder(target), overwrite, true);
    return new Map([...files, ...rest]);
  }
  return downloadFiles(client, outputs, urls, target, overwrite, isFolder(target));
}

/** The folder of a set: the target, or where a playlist that was named as the target lies. */
function setFolder(target: string): string {
  return /\.(m3u8|mpd)$/i.test(target) ? dirname(target) : target;
}

/** What is to be fetched of an output of hls or dash; `undefined` when the outputs are files of their own. */
function setOf(
  outputs: readonly OutputView[],
  urls: ReadonlyMap<string, string>,
  server: string,
): StreamSet | undefined {
  const main = outputs.find(({ key, kind }) => kind === 'playlist' && key.endsWith('-main.m3u8'))?.key;
  const url = main === undefined ? undefined : urls.get(main);
  if (main === undefined || url === undefined) return undefined;
  const prefix = prefixOf(main);
  const members = outputs.filter(
    ({ key }) => key === `${prefix}main.mpd` || /^text_\d+\.vtt$/.test(key.slice(prefix.length)),
  );
  return { main, others: members.map(({ key }) => key), base: new URL('.', new URL(url, `${server}/`)).href };
}

async function downloadFiles(
  client: ApiClient,
  outputs: readonly OutputView[],
  urls: ReadonlyMap<string, string>,
  target: string,
  overwrite: boolean,
  folder: boolean,
): Promise<ReadonlyMap<string, string>> {
  const places = placesOf(outputs, target, folder);
  for (const place of places.values()) checkTarget(place, overwrite);
  for (const { key, bytes } of outputs) {
    const [place, url] = [places.get(key), urls.get(key)];
    if (place === undefined || url === undefined) continue;
    await mkdir(dirname(place), { recursive: true });
    await client.download(url, place, bytes);
  }
  return places;
}
