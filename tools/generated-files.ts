import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Files that are committed as a generator writes them. */
export interface GeneratedFiles {
  /** Folder of the checkout that they belong into. */
  readonly folder: string;
  /** Content by path below the folder. */
  readonly files: ReadonlyMap<string, string>;
}

/** Paths of the files whose content differs from what was generated, or that are missing. */
export async function staleFiles({ folder, files }: GeneratedFiles, root: string): Promise<string[]> {
  const stale: string[] = [];
  for (const [name, content] of files) {
    const path = join(folder, name);
    if ((await readFile(join(root, path), 'utf8').catch(() => undefined)) !== content) stale.push(path);
  }
  return stale;
}

/** Writes the files that differ; returns their paths. */
export async function writeFiles(generated: GeneratedFiles, root: string): Promise<string[]> {
  const stale = await staleFiles(generated, root);
  for (const [name, content] of generated.files) {
    const path = join(generated.folder, name);
    if (!stale.includes(path)) continue;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return stale;
}
