import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes } from '../../errors/exit-codes.ts';
import { CliError } from '../output/cli-error.ts';
import type { ApiClient } from './api-client.ts';
import { isDescription, isPlaylist, namesIn, prefixOf } from './stream-set.ts';

/** Downloads at once: segments are many and small. */
const atOnce = 4;

export interface StreamSet {
  /** Key of the playlist above all others. */
  readonly main: string;
  /** Keys of what the job lists beside it: the manifest, texts. */
  readonly others: readonly string[];
  /** Where the files lie on the server, with a slash at the end. */
  readonly base: string;
}

/**
 * Downloads a set of segments whole, under short names that its playlists are changed to. Returns the local path of every
 * file by its key.
 *
 * @param allowed throws where a file is that must stay
 */
export async function downloadSet(
  client: ApiClient,
  { main, others, base }: StreamSet,
  folder: string,
  allowed: (path: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const prefix = prefixOf(main);
  const place = (key: string): string => join(folder, key.startsWith(prefix) ? key.slice(prefix.length) : key);
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
  const places = new Map([...media, ...descriptions.keys()].map((key) => [key, place(key)]));
  for (const path of places.values()) allowed(path);
  await mkdir(folder, { recursive: true });
  const left = [...media];
  const fetchNext = async (): Promise<void> => {
    for (let key = left.shift(); key !== undefined; key = left.shift())
      await client.download(new URL(key, base).href, place(key), undefined);
  };
  await Promise.all(Array.from({ length: atOnce }, fetchNext));
  // The one above all others last: what it leads to is there then.
  for (const [key, text] of [...descriptions].toReversed()) await writeFile(place(key), text.replaceAll(prefix, ''));
  return places;
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
