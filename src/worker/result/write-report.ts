import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toCodedError } from '../../errors/coded-error.ts';
import { reportKey } from '../../model/job/output-keys.ts';
import type { StageSpec } from '../../model/job/stage.ts';
import type { StageResult } from '../../model/status/result.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { publishAll } from '../publish-outputs.ts';
import type { StageLog } from '../stage-log.ts';
import type { StageFindings } from './stage-findings.ts';

export interface ReportOptions {
  readonly store: ObjectStore;
  readonly scratchDir: string;
  readonly clock: Clock;
  readonly log: StageLog;
}

/** Publishes the full report beside the outputs and returns its key; `undefined` when that fails, which is not an error. */
export async function writeReport(
  spec: StageSpec,
  result: StageResult,
  { prepared, rendered, processes, verified }: StageFindings,
  { clock, log, scratchDir, store }: ReportOptions,
): Promise<string | undefined> {
  const key = reportKey(spec.identity);
  const report = {
    version: 1,
    identity: spec.identity,
    writtenAt: new Date(clock.now()).toISOString(),
    result,
    ffmpeg: prepared?.capabilities.ffmpegVersion,
    unavailable: prepared?.capabilities.unavailable,
    probes:
      prepared && Object.fromEntries([...prepared.probes].map(([name, { text: _words, ...probe }]) => [name, probe])),
    plan: rendered?.plan ?? prepared?.plan,
    processes,
    outputs: verified.map(({ planned, checks, measured }) => ({ name: planned.name, checks, probe: measured.probe })),
  };
  try {
    const path = join(scratchDir, `report-${randomUUID()}.json`);
    await writeFile(path, JSON.stringify(report), { mode: 0o600 });
    await publishAll(store, [{ key, path }], new AbortController().signal);
    return key;
  } catch (error) {
    log.warn({ code: toCodedError(error).code }, 'the full report could not be written');
    return undefined;
  }
}
