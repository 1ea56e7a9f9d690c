import { exitCodes } from '../../errors/exit-codes.ts';
import { phases } from '../../model/status/lifecycle.ts';
import { argumentsOf, type Command, clientOf, printJson } from '../args/command-context.ts';
import { didYouMean } from '../args/suggest.ts';
import { readJobList } from '../client/replies.ts';
import { UsageError } from '../output/cli-error.ts';
import { formatAge, formatTable, printable } from '../output/format.ts';
import { jobView } from '../output/job-view.ts';

export const list: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const phase = args.one('phase');
  if (phase !== undefined && !phases.some((known) => known === phase)) {
    throw new UsageError(
      `expected one of ${phases.join(', ')} after --phase, got ${phase}${didYouMean(phase, phases)}`,
    );
  }
  const query = new URLSearchParams({ limit: String(args.integer('limit', { min: 1, max: 500 }) ?? 20) });
  for (const [name, value] of [
    ['phase', phase],
    ['type', args.one('type')],
    ['text', args.one('text')],
  ] as const) {
    if (value !== undefined) query.set(name, value);
  }
  const answer = await client.get(`/apis/render-jobs?${query.toString()}`);
  if (args.on('json')) {
    printJson(context.terminal, answer);
    return exitCodes.ok;
  }
  const rows = readJobList(answer).map(jobView);
  if (rows.length === 0) {
    context.terminal.err('no jobs\n');
    return exitCodes.ok;
  }
  const now = Date.now();
  const table = formatTable(
    ['NAME', 'TYPE', 'PHASE', 'PROGRESS', 'AGE', 'MESSAGE'],
    rows.map((view) => [
      view.name,
      view.type,
      view.phase,
      view.phase === 'Running' && view.percent !== undefined ? `${view.percent.toFixed(0)} %` : '',
      view.createdAt === undefined ? '' : formatAge(now - Date.parse(view.createdAt)),
      printable(view.error?.message ?? view.message ?? '')
        .replaceAll('\n', ' ')
        .slice(0, 80),
    ]),
  );
  context.terminal.out(`${table}\n`);
  return exitCodes.ok;
};
