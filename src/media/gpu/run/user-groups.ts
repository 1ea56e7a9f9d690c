import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { MachineFacts } from '../device-facts.ts';

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Names of this system's groups by number. Groups of a directory service are not among them. */
export async function groupNames(): Promise<ReadonlyMap<number, string>> {
  return new Map((await groups()).map(({ gid, name }) => [gid, name]));
}

/** The user of this process, with the groups that it has and those of the next login. */
export async function currentUser(): Promise<MachineFacts['user']> {
  const uid = process.getuid?.() ?? 0;
  const name = nameOfUser();
  const listed = name === undefined ? [] : (await groups()).filter(({ members }) => members.includes(name));
  return {
    uid,
    ...(name !== undefined && { name }),
    groups: [...new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])])],
    listedIn: listed.map(({ gid }) => gid),
  };
}

/** Absent where the number has no name, as in many containers. */
function nameOfUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

async function groups(): Promise<Group[]> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid = '', members = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(gid) ? [{ name, gid: Number(gid), members: members.split(',') }] : [];
  });
}
