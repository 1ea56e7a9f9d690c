import { isRecord } from '../../lib/json.ts';
import type { Plan } from '../../media/planning/plan.ts';
import { planReply } from './plan-reply.ts';

/** A folder of this machine and the name that stands for it in replies. */
export type FolderName = readonly [folder: string, name: string];

/**
 * A plan in which folders of this machine are replaced by names, because a client must not learn where files are. Every
 * string of the plan is searched: paths occur in arguments, filter graphs and lists of files, and a member that is added
 * to plans later is covered too. Planning with names instead of paths is no alternative: a dry run probes real files.
 *
 * @param folders Absolute paths and their names; a folder inside another one comes before it.
 */
export function redactPaths(plan: Plan, folders: readonly FolderName[]): Plan {
  // The schema gives the copy its type again; it documents the reply anyway.
  return planReply.parse(redacted(plan, folders));
}

function redacted(value: unknown, folders: readonly FolderName[]): unknown {
  if (typeof value === 'string') {
    return folders.reduce((text, [folder, name]) => text.replaceAll(folder, () => name), value);
  }
  if (Array.isArray(value)) return value.map((member) => redacted(member, folders));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redacted(member, folders)]));
}
