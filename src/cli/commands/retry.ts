import { argumentsOf, type Command, clientOf, jobPath, printJson } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { jobView } from '../job-view.ts';

export const retry: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const job = await client.post(`${jobPath(args.positionals[0] ?? '')}/retry`);
  if (args.on('json')) printJson(context.terminal, job);
  else context.terminal.out(`${jobView(job).name}\n`);
  return exitCodes.ok;
};
