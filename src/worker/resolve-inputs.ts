import { join } from 'node:path';
import { CodedError } from '../errors.ts';
import type { Input } from '../model/inputs.ts';
import { operationInputs } from '../model/operations.ts';
import type { StageSpec } from '../model/stage.ts';
import type { Clock } from '../ports.ts';
import type { AddressGuard } from '../storage/address-guard.ts';
import type { DirectoryStore } from '../storage/directory-store.ts';
import { type FetchTimeouts, fetchSource } from '../storage/fetch-source.ts';
import { fileUnderRoot } from '../storage/media-root.ts';

/** Where the bytes of inputs come from. */
export interface InputSources {
  readonly store: Pick<DirectoryStore, 'localPath'>;
  readonly mediaRoot?: string;
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
  if (input.asset !== undefined) {
    const path = await options.store.localPath(input.asset);
    if (path === undefined) {
      throw new CodedError(
        'SOURCE_NOT_FOUND',
        `Expected the asset ${input.asset} of input ${name}, got none of that name`,
      );
    }
    return { name, path, fetched: false };
  }
  if (input.file !== undefined) {
    return { name, path: await fileUnderRoot(options.mediaRoot, input.file), fetched: false };
  }
  if (input.url !== undefined) {
    const path = join(options.scratchDir, `input-${name}${endingOf(input.url)}`);
    await fetchSource(input.url, {
      ...options,
      destination: path,
      maxBytes: options.maxInputBytes,
      onProgress: (received, total) => onProgress(total === undefined || total === 0 ? 0 : received / total),
    });
    return { name, path, fetched: true };
  }
  const kind = input.s3 === undefined ? 'pvc' : 's3';
  throw new CodedError('UNSUPPORTED', `Expected input ${name} as a url, file or asset, got ${kind}`);
}

/** The file name's ending tells formats apart that their content does not, subtitles above all. */
function endingOf(url: string): string {
  return /\.[A-Za-z0-9]{1,5}$/.exec(URL.canParse(url) ? new URL(url).pathname : '')?.[0]?.toLowerCase() ?? '';
}
