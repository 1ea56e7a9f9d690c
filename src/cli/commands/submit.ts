import { exitCodes } from '../../errors/exit-codes.ts';
import { type Command, checkPositionals, clientOf, printJson } from '../args/command-context.ts';
import { optionsOf } from '../args/command-table.ts';
import { parseSubmission } from '../args/submission.ts';
import { checkTarget, downloadOutputs, outputUrls } from '../client/outputs.ts';
import { manifestOf } from '../client/send-submission.ts';
import { watchJob } from '../client/watch-job.ts';
import { UsageError } from '../output/cli-error.ts';
import { jobFailure } from '../output/failure.ts';
import { isFinished, jobView } from '../output/job-view.ts';
import { outputLines, showUntilEnd, summaryLine } from '../output/show-job.ts';
import { leaveRunning } from './watch.ts';

export const submit: Command = async (context) => {
  const { terminal, command, args: words } = context;
  const { submission, args } = parseSubmission(words, optionsOf(command));
  checkPositionals(command, args.positionals.length);
  const target = args.one('output');
  const existing = args.on('overwrite') ? 'overwrite' : 'keep';
  if (target !== undefined && args.on('detach')) throw new UsageError('expected --output or --detach, got both');
  if (target !== undefined) checkTarget(target, existing);
  const labels = labelsOf(args.all('label'));
  const client = await clientOf(context, args);
  const manifest = await manifestOf(submission, client, terminal, { jobName: args.one('job-name'), labels });
  const key = args.one('idempotency-key');
  const created = await client.post('/apis/render-jobs', manifest, key === undefined ? {} : { 'idempotency-key': key });
  const { name } = jobView(created);
  if (args.on('detach')) {
    if (args.on('json')) printJson(terminal, created);
    else terminal.out(`${name}\n`);
    return exitCodes.ok;
  }
  const last = await showUntilEnd(watchJob(client, name, context.interrupted), terminal);
  if (!last || !isFinished(last.view)) return leaveRunning(context, name);
  if (last.view.phase !== 'Succeeded') {
    if (args.on('json')) printJson(terminal, last.job);
    throw jobFailure(last.view);
  }
  const locations =
    target === undefined ? outputUrls(last.job) : await downloadOutputs(client, last.job, { target, existing });
  if (args.on('json')) printJson(terminal, last.job);
  else terminal.out(`${[summaryLine(last.view, terminal), ...outputLines(last.view, locations)].join('\n')}\n`);
  return exitCodes.ok;
};

function labelsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals <= 0) throw new UsageError(`expected KEY=VALUE after --label, got ${JSON.stringify(pair)}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
