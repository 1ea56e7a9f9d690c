import { join } from 'node:path';
import { type S3Access, sourceConnection } from '../adapters/object-store/bucket-access.ts';
import type { OpenedStore } from '../adapters/object-store/open-store.ts';
import type { AddressGuard } from '../adapters/sources/address-guard.ts';
import { download } from '../adapters/sources/download.ts';
import { type FetchTimeouts, fetchSource } from '../adapters/sources/fetch-source.ts';
import { fileUnderRoot } from '../adapters/sources/media-root.ts';
import { CodedError } from '../errors/coded-error.ts';
import type { Input } from '../model/job/inputs.ts';
import { operationInputs } from '../model/job/operations.ts';
import type { StageSpec } from '../model/job/stage.ts';
import type { Clock } from '../ports/clock.ts';
import { volumeFolders } from '../worker-protocol/environment.ts';
import { noVolumes } from './stage-stores.ts';

/** Where the bytes of inputs come from. */
export interface InputSources {
  readonly store: Pick<OpenedStore, 'localPath' | 'stat' | 'read'>;
  readonly mediaRoot?: string;
  /** What is allowed of S3; nothing when absent. */
  readonly s3?: S3Access;
  /** Folder under which claims are mounted; none are when absent. */
  readonly volumesDir?: string;
  readonly guard: AddressGuard;
  readonly maxInputBytes: number;
  readonly timeouts?: Partial<FetchTimeouts>;
}

/** An input as a file of this machine. */
export interface LocalInput {
  readonly name: string;
  readonly path: string;
  /** Whether it was fetched into the scratch folder; others are used in place and never written to. */
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

/** Brings the used inputs to this machine, one after the other. */
export async function resolveInputs(
  spec: Pick<StageSpec, 'inputs' | 'operations'>,
  options: ResolveOptions,
): Promise<LocalInput[]> {
  const used = usedInputs(spec);
  const resolved: LocalInput[] = [];
  for (const [index, input] of used.entries()) {
    const onProgress = (fraction: number): void => options.onProgress?.((index + fraction) / used.length);
    resolved.push(await resolveInput(input, options, onProgress));
    onProgress(1);
  }
  return resolved;
}

async function resolveInput(
  input: Input,
  options: ResolveOptions,
  onProgress: (fraction: number) => void,
): Promise<LocalInput> {
  const { name } = input;
  const { maxInputBytes: maxBytes, mediaRoot, s3, scratchDir, signal, store, volumesDir } = options;
  const onBytes = (received: number, total: number | undefined): void =>
    onProgress(total === undefined || total === 0 ? 0 : received / total);
  if (input.asset !== undefined) {
    const local = await store.localPath?.(input.asset);
    if (local !== undefined) return { name, path: local, fetched: false };
    const path = join(scratchDir, `input-${name}${endingOf(input.asset)}`);
    await fetchAsset(input.asset, path, input.name, options, onBytes);
    return { name, path, fetched: true };
  }
  if (input.file !== undefined) return { name, path: await fileUnderRoot(mediaRoot, input.file), fetched: false };
  if (input.pvc !== undefined) {
    if (volumesDir === undefined) throw noVolumes(`input ${name}`);
    const root = join(volumesDir, volumeFolders.inputs, input.pvc.claimName);
    return { name, path: await fileUnderRoot(root, input.pvc.path), fetched: false };
  }
  if (input.s3 !== undefined) {
    if (s3 === undefined) {
      throw new CodedError('UNSUPPORTED', `Expected input ${name} as a url, file or asset, got s3`);
    }
    const { bucket, key } = input.s3;
    const connection = sourceConnection(s3, input.s3);
    const destination = join(scratchDir, `input-${name}${endingOf(key)}`);
    const { fetchObject } = await import('../adapters/sources/s3-fetch.ts');
    await fetchObject({ ...connection, bucket, key, destination, maxBytes, signal, onProgress: onBytes });
    return { name, path: destination, fetched: true };
  }
  if (input.url !== undefined) {
    const path = join(scratchDir, `input-${name}${endingOf(urlPath(input.url))}`);
    await fetchSource(input.url, { ...options, destination: path, maxBytes, onProgress: onBytes });
    return { name, path, fetched: true };
  }
  throw new CodedError('SPEC_INVALID', `Expected input ${name} to say where it lies, got nothing`);
}

/** From a store whose objects are no files of this machine. */
async function fetchAsset(
  key: string,
  destination: string,
  name: string,
  { maxInputBytes, signal, store }: ResolveOptions,
  onProgress: (received: number, total: number) => void,
): Promise<void> {
  const found = store.localPath === undefined ? await store.stat(key) : undefined;
  if (found === undefined) {
    throw new CodedError('SOURCE_NOT_FOUND', `Expected the asset ${key} of input ${name}, got none of that name`);
  }
  const { bytes } = found;
  if (bytes > maxInputBytes) {
    throw new CodedError('FILE_TOO_LARGE', `Expected at most ${maxInputBytes} bytes in input ${name}, got ${bytes}`);
  }
  await download({ destination, bytes, read: (range) => store.read(key, range), signal, onProgress });
}

/** Whether an input is brought to this machine before it is read. */
export function isFetched({ asset, url, s3 }: Input, { localPath }: Pick<OpenedStore, 'localPath'>): boolean {
  return url !== undefined || s3 !== undefined || (asset !== undefined && localPath === undefined);
}

/** The file name's ending tells formats apart that their content does not, subtitles above all. */
function endingOf(path: string): string {
  return /\.[A-Za-z0-9]{1,5}$/.exec(path)?.[0]?.toLowerCase() ?? '';
}

function urlPath(url: string): string {
  return URL.parse(url)?.pathname ?? '';
}
