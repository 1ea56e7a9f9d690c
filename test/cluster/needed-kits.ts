import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kit } from './set-up/programs.ts';

/** What a run needs: kits of programs, and the control plane that suites share. */
export interface NeededPrograms {
  readonly kits: ReadonlySet<Kit>;
  readonly sharedCluster: boolean;
}

/** How test files ask for programs (`test/support/cluster.ts`). */
const markers: readonly (readonly [Kit, RegExp])[] = [
  ['cluster', /\bdescribeOnCluster\(|\bdescribeWithPrograms\(\s*'cluster'|'clusterPrograms'/],
  ['nats', /\bdescribeWithPrograms\(\s*'nats'|'natsPrograms'/],
  ['s3', /\bdescribeWithPrograms\(\s*'s3'|'s3Programs'/],
];

/** The file that declares all markers and needs nothing itself. */
const declarations = join(import.meta.dirname, '..', 'support', 'cluster.ts');
const relativeImport = /^(?:import|export) [^;]*?\bfrom '(\.[^']+\.ts)';$/gm;

/** Reads the chosen `*.ktest.ts` files, and the test helpers that they import, for the programs that they use. */
export async function neededPrograms(files: readonly string[]): Promise<NeededPrograms> {
  const kits = new Set<Kit>();
  let sharedCluster = false;
  const seen = new Set([declarations]);
  const queue = files.filter((file) => file.endsWith('.ktest.ts'));
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file) || !file.includes('/test/')) continue;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    for (const [kit, marker] of markers) if (marker.test(text)) kits.add(kit);
    sharedCluster ||= /\bdescribeOnCluster\(/.test(text);
    for (const [, path = ''] of text.matchAll(relativeImport)) queue.push(join(file, '..', path));
  }
  return { kits, sharedCluster };
}
