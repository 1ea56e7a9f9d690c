import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import { UsageError } from '../output/cli-error.ts';
import { jobView, type OutputView } from '../output/job-view.ts';
import type { ApiClient } from './api-client.ts';
import { downloadSet, type StreamSet } from './download-set.ts';
import { readJob } from './replies.ts';
import { isDescription, prefixOf } from './stream-set.ts';

/** Addresses of the published files by their keys. */
export function outputUrls(job: unknown): ReadonlyMap<string, string> {
  const outputs = readJob(job).status?.result?.outputs ?? [];
  return new Map(outputs.flatMap(({ key, url }) => (key && url ? [[key, url] as const] : [])));
}

/** A target is a folder when it is one, or ends with a slash. */
function isFolder(target: string): boolean {
  return target.endsWith('/') || (existsSync(target) && statSync(target).isDirectory());
}

/** Where downloaded files are written: one file and others beside it, or a folder. */
export interface DownloadTarget {
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

/**
 * The local path of each file by its key: the main one is the target itself, others are beside it
 * (`clip.mp4` -> `clip-poster.jpg`), and all are in the target when that is a folder.
 */
export function localPaths(
  outputs: readonly OutputView[],
  { path, kind }: DownloadTarget,
): ReadonlyMap<string, string> {
  const { dir, name: stem } = parse(path);
  const main = outputs.find(({ name }) => name === 'main') ?? outputs[0];
  return new Map(
    outputs.map((output) => {
      const file = `${output.name}${extname(output.key)}`;
      if (kind === 'folder') return [output.key, join(path, file)];
      return [output.key, output === main ? path : join(dir, `${stem}-${file}`)];
    }),
  );
}

export type ExistingFiles = 'keep' | 'overwrite';

/** @throws UsageError when the target exists and must be kept */
export function checkTarget(target: string, existing: ExistingFiles): void {
  if (existing === 'overwrite' || isFolder(target) || !existsSync(target)) return;
  throw new UsageError(`${target} exists already`, { remedy: 'choose another name, or replace it with --overwrite' });
}

export interface DownloadOptions {
  /** A file, or a folder when it is one or ends with a slash. */
  readonly target: string;
  readonly existing: ExistingFiles;
}

/** Downloads every file of a job, a set of segments as a whole; resolves with the local paths by key. */
export async function downloadOutputs(
  client: ApiClient,
  job: unknown,
  { target, existing }: DownloadOptions,
): Promise<ReadonlyMap<string, string>> {
  const { outputs } = jobView(job);
  const urls = outputUrls(job);
  const set = setOf(outputs, urls, client.url);
  if (set === undefined) {
    const kind = isFolder(target) ? 'folder' : 'file';
    return downloadFiles(client, { outputs, urls, target: { path: target, kind }, existing });
  }
  const folder = setFolder(target);
  const files = await downloadSet(client, set, folder, (path) => checkTarget(path, existing));
  const others = outputs.filter(({ key }) => !set.others.includes(key) && key !== set.main && !isDescription(key));
  if (others.length === 0) return files;
  const rest = { outputs: others, urls, target: { path: folder, kind: 'folder' }, existing } as const;
  return new Map([...files, ...(await downloadFiles(client, rest))]);
}

/** The folder of a set: the target, or the folder of a playlist that was named as the target. */
function setFolder(target: string): string {
  return /\.(m3u8|mpd)$/i.test(target) ? dirname(target) : target;
}

/** The files of an output of hls or dash; `undefined` when the outputs are files of their own. */
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
  {
    outputs,
    urls,
    target,
    existing,
  }: {
    readonly outputs: readonly OutputView[];
    readonly urls: ReadonlyMap<string, string>;
    readonly target: DownloadTarget;
    readonly existing: ExistingFiles;
  },
): Promise<ReadonlyMap<string, string>> {
  const paths = localPaths(outputs, target);
  for (const path of paths.values()) checkTarget(path, existing);
  for (const { key, bytes } of outputs) {
    const [path, url] = [paths.get(key), urls.get(key)];
    if (path === undefined || url === undefined) continue;
    await mkdir(dirname(path), { recursive: true });
    await client.download(url, path, bytes);
  }
  return paths;
}
