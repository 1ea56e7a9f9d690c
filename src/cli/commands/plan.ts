import { exitCodes } from '../../errors/exit-codes.ts';
import { type Command, checkPositionals, clientOf, printJson } from '../args/command-context.ts';
import { optionsOf } from '../args/command-table.ts';
import { parseSubmission } from '../args/submission.ts';
import { manifestOf } from '../client/send-submission.ts';
import { printable } from '../output/format.ts';
import { planText } from '../output/plan-text.ts';

export const plan: Command = async (context) => {
  const { submission, args } = parseSubmission(context.args, optionsOf(context.command));
  checkPositionals(context.command, args.positionals.length);
  const client = await clientOf(context, args);
  const manifest = await manifestOf(submission, client, context.terminal, { jobName: undefined, labels: {} });
  const answer = await client.post('/apis/render-jobs:plan', manifest);
  if (args.on('json')) printJson(context.terminal, answer);
  else context.terminal.out(printable(planText(answer)));
  return exitCodes.ok;
};
