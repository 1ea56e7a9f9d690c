import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

/** The release whose FFmpeg is 7.1, and what is taken from it. */
export const debianRelease = 'trixie';
export const debianPackages = [
  'base-files',
  'ffmpeg',
  'libvpl2',
  // To build the stand-in with: headers and the libraries' link names.
  'libaom-dev',
  'libc6-dev',
  'libavcodec-dev',
  'libavutil-dev',
  'libdrm-dev',
  'libswscale-dev',
  'libva-dev',
  'libvpl-dev',
] as const;

/**
 * Unpacks packages of Debian 13 with everything they depend on into a folder that is complete when this resolves. Nothing
 * is installed: apt has a state of its own there, takes the mirror of this machine and checks Debian's signatures.
 */
export async function makeDebianRoot(folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  try {
    await unpackRelease(partial);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function unpackRelease(partial: string): Promise<void> {
  const apt = join(partial, 'apt');
  const root = join(partial, 'root');
  await Promise.all([
    mkdir(join(apt, 'lists', 'partial'), { recursive: true }),
    mkdir(join(apt, 'archives', 'partial'), { recursive: true }),
    mkdir(root, { recursive: true }),
  ]);
  const config = await writeAptConfig(apt);
  await updateLists(apt, config);
  const download = ['-qq', '-y', '--download-only', 'install', ...debianPackages];
  await run('apt-get', download, { APT_CONFIG: config });
  await unpackAll(join(apt, 'archives'), root);
  await rm(apt, { recursive: true });
  await slim(root);
}

/** apt's own configuration: this machine's way to the network, and nothing else of it (no hooks, no state). */
async function writeAptConfig(apt: string): Promise<string> {
  const network = (await run('apt-config', ['dump', 'Acquire']))
    .split('\n')
    .filter((line) => /^Acquire::(https?|ForceIPv[46]|Retries)\b/.test(line));
  const own = {
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State': apt,
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': apt,
    'Dir::Cache::archives': join(apt, 'archives'),
    'Dir::Log': apt,
    'APT::Architecture': 'amd64',
    'APT::Install-Recommends': 'false',
    // The folder belongs to the user who runs this, not to apt's download user.
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'Acquire::https::Timeout': '20',
  };
  const path = join(apt, 'apt.conf');
  const lines = Object.entries(own).map(([name, value]) => `${name} "${value}";`);
  await writeFile(join(apt, 'status'), '');
  // A proxy's address may hold a password.
  await writeFile(path, `${[...network, ...lines].join('\n')}\n`, { mode: 0o600 });
  return path;
}

/** Tries the archives that this machine takes packages from, until one has the release. */
async function updateLists(apt: string, config: string): Promise<void> {
  const failures: string[] = [];
  for (const mirror of await mirrors()) {
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const signed = (await stat(keyring).catch(() => undefined)) ? `[signed-by=${keyring}] ` : '';
    await writeFile(join(apt, 'sources.list'), `deb ${signed}${mirror} ${debianRelease} main\n`);
    try {
      await run('apt-get', ['-q', '-o', 'APT::Update::Error-Mode=any', 'update'], { APT_CONFIG: config });
      return;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(failures.at(-1) ?? 'apt of this machine knows no archive of Debian');
}

/** Addresses of package archives out of apt's sources, those of whole Debian releases first. */
async function mirrors(): Promise<string[]> {
  const listed = await run('apt-get', ['-o', 'Debug::NoLocking=1', '--print-uris', 'update']);
  const found = [...listed.matchAll(/^'(\S+?)\/?\/dists\/([^/\s]+)\/InRelease'/gm)].flatMap(([, uri, suite]) =>
    uri === undefined || suite === undefined ? [] : [{ uri, partial: suite.includes('-') || !uri.endsWith('/debian') }],
  );
  const ordered = found.toSorted((a, b) => Number(a.partial) - Number(b.partial));
  return [...new Set(ordered.map(({ uri }) => uri))].slice(0, 3);
}

async function unpackAll(archives: string, root: string): Promise<void> {
  const packages = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  // First, because it makes the links /lib and /bin that others unpack through.
  const base = packages.filter((name) => name.startsWith('base-files_'));
  const rest = packages.filter((name) => !base.includes(name)).values();
  for (const name of base) await unpack(join(archives, name), root);
  const worker = async (): Promise<void> => {
    for (const name of rest) await unpack(join(archives, name), root);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function unpack(archive: string, root: string): Promise<void> {
  await run('dpkg-deb', ['-x', archive, root]);
  await rm(archive);
}

/** Removes what is never used, and every set-user-id bit. */
async function slim(root: string): Promise<void> {
  const unused = ['doc', 'icons', 'info', 'lintian', 'locale', 'man'].map((name) => join(root, 'usr/share', name));
  await Promise.all([...unused, join(root, 'var')].map((path) => rm(path, { recursive: true, force: true })));
  await run('find', [root, '-type', 'f', '-perm', '/6000', '-exec', 'chmod', 'a-s', '{}', '+']);
  // A sticky world-writable /tmp and a closed /root are of no use here, and get in the way when the folder is removed.
  for (const name of ['tmp', 'root']) await chmod(join(root, name), 0o755).catch(() => undefined);
}
