import { readFile, stat } from 'node:fs/promises';
import { load } from 'js-yaml';
import { apiVersion } from '../../model/job/render-job.ts';
import type { NamedSource, Source } from '../args/job-inputs.ts';
import { manifestWith, type Submission, specWith } from '../args/submission.ts';
import { UsageError } from '../output/cli-error.ts';
import { formatBytes } from '../output/format.ts';
import type { Terminal } from '../output/terminal.ts';
import type { ApiClient } from './api-client.ts';

export interface ManifestExtras {
  readonly jobName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The manifest of a submission, with its local files uploaded. Everything is validated before the first byte is sent.
 */
export async function manifestOf(
  submission: Submission,
  client: ApiClient,
  terminal: Terminal,
  extras: ManifestExtras,
): Promise<unknown> {
  if (submission.kind === 'manifest') {
    return withExtras(manifestWith(await readManifest(submission.path), submission.sets), extras);
  }
  const { sources, rest } = submission;
  specWith(
    rest,
    sources.map(({ name }) => ({ name, asset: 'checked-before-upload' })),
  );
  for (const { source } of sources) if (source.kind === 'upload') await checkFile(source.path);
  const inputs: Record<string, unknown>[] = [];
  for (const named of sources) inputs.push(await inputOf(named, client, terminal));
  return withExtras({ apiVersion, kind: 'RenderJob', spec: specWith(rest, inputs) }, extras);
}

async function readManifest(path: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`expected a manifest at ${path}, but it cannot be read`, { cause });
  }
  try {
    return load(content);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UsageError(`expected YAML or JSON in ${path}: ${why}`, { cause });
  }
}

async function checkFile(path: string): Promise<void> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new UsageError(`expected a file at ${path}, but it does not exist`, { cause });
  });
  if (!facts.isFile()) throw new UsageError(`expected a file at ${path}, but it is not a file`);
  if (facts.size === 0) throw new UsageError(`expected a media file at ${path}, but it is empty`);
}

async function inputOf(
  { name, source }: NamedSource,
  client: ApiClient,
  terminal: Terminal,
): Promise<Record<string, unknown>> {
  if (source.kind !== 'upload') return { name, ...reference(source) };
  const { size } = await stat(source.path);
  if (terminal.live) terminal.err(`\r\u001b[2Kuploading ${source.path} (${formatBytes(size)}) …`);
  const { id } = await client.upload(source.path);
  if (terminal.live) terminal.err('\r\u001b[2K');
  return { name, asset: id };
}

function reference(source: Exclude<Source, { kind: 'upload' }>): Record<string, string> {
  switch (source.kind) {
    case 'url':
      return { url: source.url };
    case 'asset':
      return { asset: source.asset };
    case 'file':
      return { file: source.file };
  }
}

function withExtras(manifest: unknown, { jobName, labels }: ManifestExtras): unknown {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    throw new UsageError('expected a RenderJob in the manifest, got something else');
  }
  if (jobName === undefined && Object.keys(labels).length === 0) return manifest;
  const metadata: unknown = 'metadata' in manifest ? manifest.metadata : undefined;
  const present = typeof metadata === 'object' && metadata !== null ? metadata : {};
  const presentLabels = 'labels' in present && typeof present.labels === 'object' ? present.labels : {};
  return {
    ...manifest,
    metadata: {
      ...present,
      ...(jobName === undefined ? {} : { name: jobName }),
      ...(Object.keys(labels).length === 0 ? {} : { labels: { ...presentLabels, ...labels } }),
    },
  };
}
