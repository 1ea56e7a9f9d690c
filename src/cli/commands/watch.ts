import { type ExitCode, exitCodes } from '../../errors/exit-codes.ts';
import { argumentsOf, type Command, type CommandContext, clientOf } from '../args/command-context.ts';
import type { ApiClient } from '../client/api-client.ts';
import { outputUrls } from '../client/outputs.ts';
import { type Observation, watchJob } from '../client/watch-job.ts';
import { jobFailure } from '../output/failure.ts';
import { isFinished } from '../output/job-view.ts';
import { outputLines, showUntilEnd, summaryLine } from '../output/show-job.ts';

export const watch: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const name = args.positionals[0] ?? '';
  if (args.on('json')) return watchAsJson(context, client, name);
  const last = await showUntilEnd(watchJob(client, name, context.interrupted), context.terminal);
  if (!last || !isFinished(last.view)) return leaveRunning(context, name);
  return conclude(context, last);
};

async function watchAsJson(
  { terminal, interrupted }: CommandContext,
  client: ApiClient,
  name: string,
): Promise<ExitCode> {
  let last: Observation | undefined;
  for await (const observation of watchJob(client, name, interrupted)) {
    last = observation;
    terminal.out(`${JSON.stringify(observation.job)}\n`);
  }
  if (!last || !isFinished(last.view)) return exitCodes.interrupted;
  return last.view.phase === 'Succeeded' ? exitCodes.ok : exitCodes.failed;
}

/** After Ctrl-C: the job continues on the server. */
export function leaveRunning({ terminal }: Pick<CommandContext, 'terminal'>, name: string): ExitCode {
  terminal.err(
    `${name} continues on the server\n  framewright watch ${name}    watch it again\n  framewright cancel ${name}   cancel it\n`,
  );
  return exitCodes.interrupted;
}

/** Prints the result of a job that succeeded; throws the failure of any other. */
function conclude({ terminal }: Pick<CommandContext, 'terminal'>, { job, view }: Observation): ExitCode {
  if (view.phase !== 'Succeeded') throw jobFailure(view);
  terminal.out(`${[summaryLine(view, terminal), ...outputLines(view, outputUrls(job))].join('\n')}\n`);
  return exitCodes.ok;
}
