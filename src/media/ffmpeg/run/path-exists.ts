import { access } from 'node:fs/promises';

/** Whether a path exists and is visible to this process. */
export function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
