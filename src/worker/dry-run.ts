import type { Plan } from '../media/planning/plan.ts';
import type { StageSpec } from '../model/job/stage.ts';
import { type PrepareOptions, prepareStage } from './prepare-stage.ts';
import { withTemporaryFolder } from './scratch.ts';

export type DryRunOptions = Omit<PrepareOptions, 'scratchDir' | 'progress'> & {
  /** Folder for inputs that must be fetched to be probed; the system's temporary folder when absent. */
  readonly temporaryDir?: string;
};

export interface DryRun {
  readonly plan: Plan;
  /** The folder of the paths in the plan, which is already removed. */
  readonly scratchDir: string;
}

/**
 * The plan that a worker would make on this machine, by the same code, without running it. Assets and files are probed
 * where they are; URL inputs below the size limit are fetched, since probing needs the whole file. Rejects with the error
 * with which a worker would fail.
 */
export async function dryRun(spec: StageSpec, { temporaryDir, ...options }: DryRunOptions): Promise<DryRun> {
  return withTemporaryFolder(async (scratchDir) => {
    const { plan } = await prepareStage(spec, { ...options, scratchDir });
    return { plan, scratchDir };
  }, temporaryDir);
}
