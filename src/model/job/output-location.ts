import type { RenderJobSpec } from './render-job.ts';

/**
 * The location of a published file outside the object store of the installation, as a URL: `s3://bucket/key` or
 * `pvc://claim/path`. `undefined` for a file in that store: only such a file can be fetched from the installation.
 */
export function outputLocation({ output }: Pick<RenderJobSpec, 'output'>, key: string): string | undefined {
  const { s3, pvc } = output?.destination ?? {};
  if (s3 !== undefined) return `s3://${s3.bucket}/${folderOf(s3.prefix)}${key}`;
  if (pvc !== undefined) return `pvc://${pvc.claimName}/${folderOf(pvc.path)}${key}`;
  return undefined;
}

function folderOf(path = ''): string {
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '' : `${trimmed}/`;
}
