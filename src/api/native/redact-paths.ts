import type { Plan } from '../../media/planning/plan.ts';
import { planReply } from './plan-reply.ts';

/**
 * A plan in which folders of this machine are called by names, wherever in it a path stands: where files lie here is
 * nothing to a client.
 *
 * @param folders Absolute paths and what is told instead; a folder within another comes before it.
 */
export function hidePaths(plan: Plan, folders: readonly (readonly [folder: string, name: string])[]): Plan {
  // As text, so that no member that is added to plans can be forgotten.
  const text = folders.reduce(
    (masked, [folder, name]) => masked.replaceAll(inJson(folder), inJson(name)),
    JSON.stringify(plan),
  );
  return planReply.parse(JSON.parse(text));
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
