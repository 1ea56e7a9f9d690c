import type { ProgressBus } from '../../ports/progress-bus.ts';
import type { RunOutcome } from '../../ports/stage-runner.ts';
import { workerVariables } from '../../worker-protocol/environment.ts';
import { classifyRunOutcome, notStarted } from '../../worker-protocol/run-outcome.ts';
import { progressOf } from '../../worker-protocol/worker-message.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunLogs } from './run-logs.ts';
import { temporaryFolderVariable } from './run-processes.ts';
import type { LiveEntry } from './run-registry.ts';
import { type WorkerCommand, WorkerProcess } from './worker-process.ts';

export interface RunExecution {
  readonly directory: RunDirectory;
  readonly logs: RunLogs;
  readonly worker: WorkerCommand;
  readonly bus: Pick<ProgressBus, 'publish'>;
  readonly onError: (action: string, error: unknown) => void;
  /** Called with the worker as soon as it has been spawned. */
  readonly onSpawn: (worker: WorkerProcess) => void;
  readonly isShuttingDown: () => boolean;
}

/** Runs the worker of one stage in its folder, from its spawn to its result. Never rejects. */
export async function executeRun(entry: LiveEntry, execution: RunExecution): Promise<RunOutcome> {
  const { directory, logs, onError } = execution;
  const outcome = await outcomeOf(entry, execution).catch(notStarted);
  logs.end(entry.name);
  try {
    await directory.removeScratch(entry.name);
  } catch (error) {
    onError(`remove the scratch folder of ${entry.name}`, error);
  }
  return outcome;
}

async function outcomeOf(entry: LiveEntry, execution: RunExecution): Promise<RunOutcome> {
  const worker = spawnWorker(entry, execution);
  execution.onSpawn(worker);
  const exit = await worker.ended;
  const result = await execution.directory.readResult(entry.name);
  const { stopReason } = entry.run;
  const stopped = stopReason === undefined ? {} : { stopReason };
  return classifyRunOutcome({ result, exit, shutdown: execution.isShuttingDown(), ...stopped });
}

function spawnWorker({ name, spec }: LiveEntry, { directory, logs, worker, bus }: RunExecution): WorkerProcess {
  return directory.prepare(name, (paths, log) => {
    logs.begin(name, paths.log);
    const env = {
      ...worker.env,
      ...workerVariables({ stage: JSON.stringify(spec), resultFile: paths.result, scratchDir: paths.scratch }),
      [temporaryFolderVariable]: paths.scratch,
    };
    const onMessage = (message: unknown): void => {
      const progress = progressOf(message, spec.identity);
      if (progress !== undefined) bus.publish(progress);
    };
    return new WorkerProcess({ ...worker, env, folder: paths.root, log, onMessage });
  });
}
