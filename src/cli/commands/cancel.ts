import { exitCodes } from '../../errors/exit-codes.ts';
import { argumentsOf, type Command, clientOf, jobPath, printJson } from '../args/command-context.ts';
import { jobView } from '../output/job-view.ts';

export const cancel: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const answers: unknown[] = [];
  for (const name of args.positionals) {
    const job = await client.post(`${jobPath(name)}/cancel`);
    answers.push(job);
    if (!args.on('json')) {
      const { phase } = jobView(job);
      context.terminal.out(`${name}  ${phase === 'Cancelled' ? 'Cancelled' : `${phase}, is being cancelled`}\n`);
    }
  }
  if (args.on('json')) printJson(context.terminal, answers.length === 1 ? answers[0] : answers);
  return exitCodes.ok;
};
