import type { RenderJobSpec } from './render-job.ts';

/**
 * Where a published file of a job lies outside the store of the installation, as a URL: `s3://bucket/key` or
 * `pvc://claim/path`. `undefined` for a file in that store, which alone can be fetched from the installation.
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
