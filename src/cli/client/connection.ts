import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../output/cli-error.ts';

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string | undefined;
}

export interface ConnectionSources {
  readonly urlOption: string | undefined;
  readonly keyFileOption: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of a server on this machine, whose admin key is used when no other key is named. */
  readonly dataDir: string;
}

const defaultUrl = 'http://127.0.0.1:8080';

/**
 * The server to use and the key for it. A key is never an argument, since arguments are visible to every process.
 *
 * @throws UsageError for an invalid address, or a key file that cannot be read
 */
export async function findConnection(sources: ConnectionSources): Promise<Connection> {
  const { urlOption, keyFileOption, environment, dataDir } = sources;
  const variable = environment['FRAMEWRIGHT_URL'];
  const url = parseUrl(
    urlOption ?? (variable === undefined || variable === '' ? defaultUrl : variable),
    urlOption === undefined ? 'FRAMEWRIGHT_URL' : '--url',
  );
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  if (keyFileOption !== undefined) return { url: base, key: await keyFrom(keyFileOption) };
  const key = environment['FRAMEWRIGHT_API_KEY']?.trim();
  if (key) return { url: base, key };
  // The admin key of the server on this machine is sent to this machine only.
  return { url: base, key: isLoopback(url.hostname) ? await adminKey(join(dataDir, 'admin-key')) : undefined };
}

function parseUrl(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`expected an http or https URL in ${source}, got ${JSON.stringify(text)}`);
  }
  if (url.username || url.password || url.search) {
    throw new UsageError(`expected a URL without credentials and query in ${source}`, {
      remedy: 'put the API key into a file and name it with --api-key-file, or set FRAMEWRIGHT_API_KEY',
    });
  }
  return url;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function keyFrom(path: string): Promise<string> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`the key file ${path} cannot be read`, { cause });
  }
  const key = content.trim();
  // The content is not shown: it may be a key, or another secret that was named by mistake.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError(`expected one API key in ${path}, got something else`);
  return key;
}

async function adminKey(path: string): Promise<string | undefined> {
  try {
    const key = (await readFile(path, 'utf8')).trim();
    return key === '' ? undefined : key;
  } catch {
    // The folder of another user, or no server here: the server will report a missing key.
    return undefined;
  }
}
