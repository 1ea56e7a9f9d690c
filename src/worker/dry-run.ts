import type { Plan } from '../media/planning/plan.ts';
import type { StageSpec } from '../model/job/stage.ts';
import { type PrepareOptions, prepareStage } from './prepare-stage.ts';
import { withTemporaryFolder } from './scratch.ts';

export type DryRunOptions = Omit<PrepareOptions, 'scratchDir' | 'progress'> & {
  /** Folder for inputs that must be fetched to be known; the system's temporary folder when absent. */
  readonly temporaryDir?: string;
};

export interface DryRun {
  readonly plan: Plan;
  /** The folder that its paths are in, which is gone by now. */
  readonly scratchDir: string;
}

/**
 * The plan that a worker would draw on this machine: the same code, stopped before the first process. Assets and files
 * are probed in place; URL inputs are fetched whole, below the size limit, since only their bytes tell what they are.
 * Rejects as a worker would fail.
 */
export async function dryRun(spec: StageSpec, { temporaryDir, ...options }: DryRunOptions): Promise<DryRun> {
  return withTemporaryFolder(async (scratchDir) => {
    const { plan } = await prepareStage(spec, { ...options, scratchDir });
    return { plan, scratchDir };
  }, temporaryDir);
}
