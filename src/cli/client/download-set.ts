import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes } from '../../errors/exit-codes.ts';
import { CliError } from '../output/cli-error.ts';
import type { ApiClient } from './api-client.ts';
import { isDescription, isPlaylist, namesIn, prefixOf } from './stream-set.ts';

/** Downloads in parallel: segments are many and small. */
const parallelDownloads = 4;

export interface StreamSet {
  /** Key of the main playlist. */
  readonly main: string;
  /** Keys of the other listed files: the manifest, texts. */
  readonly others: readonly string[];
  /** URL of their folder on the server, with a slash at the end. */
  readonly base: string;
}

/**
 * Downloads a whole set of segments under short names, to which its playlists are rewritten. Resolves with the local path of
 * every file by its key.
 *
 * @param check throws for a path with a file that must be kept
 */
export async function downloadSet(
  client: ApiClient,
  { main, others, base }: StreamSet,
  folder: string,
  check: (path: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const prefix = prefixOf(main);
  const pathOf = (key: string): string => join(folder, key.startsWith(prefix) ? key.slice(prefix.length) : key);
  const descriptions = new Map<string, string>();
  const media = new Set<string>();
  const queue = [main, ...others];
  for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
    if (!isDescription(key)) media.add(key);
    if (!isDescription(key) || descriptions.has(key)) continue;
    const text = await client.text(new URL(key, base).href);
    descriptions.set(key, text);
    if (isPlaylist(key)) queue.push(...namesOf(text));
  }
  const paths = new Map([...media, ...descriptions.keys()].map((key) => [key, pathOf(key)]));
  for (const path of paths.values()) check(path);
  await mkdir(folder, { recursive: true });
  const remaining = [...media];
  const fetchNext = async (): Promise<void> => {
    for (let key = remaining.shift(); key !== undefined; key = remaining.shift())
      await client.download(new URL(key, base).href, pathOf(key), undefined);
  };
  await Promise.all(Array.from({ length: parallelDownloads }, fetchNext));
  // The main playlist last: every file that it refers to exists then.
  for (const [key, text] of [...descriptions].toReversed()) await writeFile(pathOf(key), text.replaceAll(prefix, ''));
  return paths;
}

function namesOf(playlist: string): string[] {
  try {
    return namesIn(playlist);
  } catch (cause) {
    throw new CliError(exitCodes.serverFailed, cause instanceof Error ? cause.message : String(cause), {
      cause,
      remedy: 'check that the URL is that of a Framewright server',
    });
  }
}
