import { type Command, checkPositionals, clientOf, printJson } from '../command-context.ts';
import { optionsOf } from '../command-table.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../format.ts';
import { planText } from '../plan-text.ts';
import { manifestOf } from '../send-submission.ts';
import { parseSubmission } from '../submission.ts';

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
