import { join } from 'node:path';
import { type S3Access, sourceConnection } from '../adapters/object-store/bucket-access.ts';
import type { OpenedStore } from '../adapters/object-store/open-store.ts';
import type { AddressGuard } from '../adapters/sources/address-guard.ts';
import { download } from '../adapters/sources/download.ts';
import { type FetchTimeouts, fetchSource } from '../adapters/sources/fetch-source.ts';
import { fileUnderRoot } from '../adapters/sources/media-root.ts';
import { CodedError } from '../errors/coded-error.ts';
import { type Input, type TaggedInput, taggedInput } from '../model/job/inputs.ts';
import { operationInputs } from '../model/job/operations.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { Clock } from '../ports/clock.ts';
import { volumeFolders } from '../worker-protocol/environment.ts';
import { noVolumes } from './stage-stores.ts';

/** The sources of inputs. */
export interface InputSources {
  readonly store: Pick<OpenedStore, 'localPath' | 'stat' | 'read'>;
  readonly mediaRoot?: string;
  /** The allowed buckets and endpoints of S3; none when absent. */
  readonly s3?: S3Access;
  /** Folder under which claims are mounted; absent without mounts. */
  readonly volumesDir?: string;
  readonly guard: AddressGuard;
  readonly maxInputBytes: number;
  readonly timeouts?: Partial<FetchTimeouts>;
}

/** An input as a file of this machine. */
export interface LocalInput {
  readonly name: string;
  readonly path: string;
  /** Whether it was fetched into the scratch folder; other files are read where they are and never written to. */
  readonly fetched: boolean;
}

export interface ResolveOptions extends InputSources {
  readonly scratchDir: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `fraction` of all fetching is done. */
  readonly onProgress?: (fraction: number) => void;
}

/** Inputs that the stage uses: its first one, and those that its operations name. */
export function usedInputs({ inputs, operations }: Pick<StageSpec, 'inputs' | 'operations'>): Input[] {
  const named = new Set(operations.flatMap(operationInputs));
  return inputs.filter(({ name }, index) => index === 0 || named.has(name));
}

/** Resolves the used inputs to files of this machine, one after the other. */
export async function resolveInputs(
  spec: Pick<StageSpec, 'inputs' | 'operations'>,
  options: ResolveOptions,
): Promise<LocalInput[]> {
  const used = usedInputs(spec);
  const resolved: LocalInput[] = [];
  for (const [index, input] of used.entries()) {
    const onProgress = (fraction: number): void => options.onProgress?.((index + fraction) / used.length);
    resolved.push(await resolveInput(taggedInput(input), options, onProgress));
    onProgress(1);
  }
  return resolved;
}

async function resolveInput(
  input: TaggedInput,
  options: ResolveOptions,
  onProgress: (fraction: number) => void,
): Promise<LocalInput> {
  const { name } = input;
  const onBytes: OnBytes = (received, total) => onProgress(total === undefined || total === 0 ? 0 : received / total);
  const fetched = async (key: string, fetch: (path: string) => Promise<unknown>): Promise<LocalInput> => {
    const path = join(options.scratchDir, `input-${name}${extensionOf(key)}`);
    await fetch(path);
    return { name, path, fetched: true };
  };
  switch (input.type) {
    case 'asset': {
      const local = await options.store.localPath?.(input.asset);
      if (local !== undefined) return { name, path: local, fetched: false };
      return fetched(input.asset, (path) => fetchAsset(input, path, options, onBytes));
    }
    case 'file':
      return { name, path: await fileUnderRoot(options.mediaRoot, input.file), fetched: false };
    case 'pvc':
      return { name, path: await mountedFile(input, options), fetched: false };
    case 's3':
      return fetched(input.s3.key, (path) => fetchFromBucket(input, path, options, onBytes));
    case 'url':
      return fetched(urlPath(input.url), (destination) =>
        fetchSource(input.url, { ...options, destination, maxBytes: options.maxInputBytes, onProgress: onBytes }),
      );
  }
}

type OnBytes = (received: number, total: number | undefined) => void;
type InputOf<T extends TaggedInput['type']> = Extract<TaggedInput, { readonly type: T }>;

function mountedFile({ name, pvc }: InputOf<'pvc'>, { volumesDir }: ResolveOptions): Promise<string> {
  if (volumesDir === undefined) throw noVolumes(`input ${name}`);
  return fileUnderRoot(join(volumesDir, volumeFolders.inputs, pvc.claimName), pvc.path);
}

async function fetchFromBucket(
  { name, s3: source }: InputOf<'s3'>,
  destination: string,
  { maxInputBytes: maxBytes, s3, signal }: ResolveOptions,
  onProgress: OnBytes,
): Promise<void> {
  if (s3 === undefined) throw new CodedError('UNSUPPORTED', `Expected input ${name} as a url, file or asset, got s3`);
  const { bucket, key } = source;
  const connection = sourceConnection(s3, source);
  // Loaded only when it is used: a worker would start later for it.
  const { fetchObject } = await import('../adapters/sources/s3-fetch.ts');
  await fetchObject({ ...connection, bucket, key, destination, maxBytes, signal, onProgress });
}

/** Fetches an asset from a store whose objects are no files of this machine. */
async function fetchAsset(
  { name, asset }: InputOf<'asset'>,
  destination: string,
  { maxInputBytes, signal, store }: ResolveOptions,
  onProgress: OnBytes,
): Promise<void> {
  const found = store.localPath === undefined ? await store.stat(asset) : undefined;
  if (found === undefined) {
    throw new CodedError('SOURCE_NOT_FOUND', `Expected the asset ${asset} of input ${name}, got no asset of that name`);
  }
  const { bytes } = found;
  if (bytes > maxInputBytes) {
    throw new CodedError('FILE_TOO_LARGE', `Expected at most ${maxInputBytes} bytes in input ${name}, got ${bytes}`);
  }
  await download({ destination, bytes, read: (range) => store.read(asset, range), signal, onProgress });
}

/** Whether an input is fetched to this machine before it is read. */
export function isFetched(input: Input, { localPath }: Pick<OpenedStore, 'localPath'>): boolean {
  const { type } = taggedInput(input);
  return type === 'url' || type === 's3' || (type === 'asset' && localPath === undefined);
}

/** The extension distinguishes formats that their content does not, above all subtitles. */
function extensionOf(path: string): string {
  return /\.[A-Za-z0-9]{1,5}$/.exec(path)?.[0]?.toLowerCase() ?? '';
}

function urlPath(url: string): string {
  return URL.parse(url)?.pathname ?? '';
}
