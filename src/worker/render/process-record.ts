import { toCodedError } from '../../errors/coded-error.ts';
import type { EncoderBackend } from '../../model/status/result.ts';
import type { Clock } from '../../ports/clock.ts';

/** One FFmpeg process that ran, for the report. */
export interface ProcessRecord {
  readonly name: string;
  readonly backend: EncoderBackend;
  readonly argv: readonly string[];
  readonly wallSeconds: number;
  /** Its log without secrets. */
  readonly stderr: string;
  readonly error?: string;
}

/** Runs a process and adds its record, whether it succeeds or fails. */
export async function recorded<T>(
  process: Pick<ProcessRecord, 'name' | 'backend' | 'argv'>,
  { clock, records }: { readonly clock: Clock; readonly records: ProcessRecord[] },
  work: () => Promise<{ readonly value: T; readonly stderr: string }>,
): Promise<T> {
  const startedAt = clock.monotonic();
  const wallSeconds = (): number => (clock.monotonic() - startedAt) / 1000;
  try {
    const { value, stderr } = await work();
    records.push({ ...process, wallSeconds: wallSeconds(), stderr });
    return value;
  } catch (error) {
    const { message } = toCodedError(error);
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    records.push({ ...process, wallSeconds: wallSeconds(), stderr, error: message });
    throw error;
  }
}
