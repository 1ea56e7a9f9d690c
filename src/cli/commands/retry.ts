import { exitCodes } from '../../errors/exit-codes.ts';
import { argumentsOf, type Command, clientOf, jobPath, printJson } from '../args/command-context.ts';
import { jobView } from '../output/job-view.ts';

export const retry: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const job = await client.post(`${jobPath(args.positionals[0] ?? '')}/retry`);
  if (args.on('json')) printJson(context.terminal, job);
  else context.terminal.out(`${jobView(job).name}\n`);
  return exitCodes.ok;
};
