import { exitCodes } from '../../errors/exit-codes.ts';
import { argumentsOf, type Command, clientOf, jobPath, printJson } from '../args/command-context.ts';
import { columns } from '../args/help.ts';
import { list, member, number, text } from '../client/json.ts';
import { printable } from '../output/format.ts';
import { jobView } from '../output/job-view.ts';
import { precisionText } from '../output/precision-text.ts';
import { details } from '../output/progress-view.ts';
import { outputLines } from '../output/show-job.ts';

export const get: Command = async (context) => {
  const args = argumentsOf(context);
  const client = await clientOf(context, args);
  const job = await client.get(jobPath(args.positionals[0] ?? ''));
  if (args.on('json')) printJson(context.terminal, job);
  else context.terminal.out(describe(job));
  return exitCodes.ok;
};

/** A job for the eye: state, why, attempts, files. */
export function describe(job: unknown): string {
  const view = jobView(job);
  const percent = view.percent === undefined || view.phase !== 'Running' ? '' : ` ${view.percent.toFixed(0)} %`;
  const facts: (readonly [string, string | undefined])[] = [
    ['name', view.name],
    ['type', view.type],
    ['phase', `${view.phase}${percent}`],
    ['why', view.message],
    ['progress', view.phase === 'Running' ? details(view) : undefined],
    ['created', view.createdAt],
    ['finished', view.finishedAt],
    ['ran on', [view.node, view.backend].filter((fact) => fact !== undefined).join(', ')],
    ['trim', precisionText(member(job, 'status', 'result', 'precision'))],
    ['error', view.error && `${view.error.code}: ${view.error.message}`],
    ['remedy', view.error?.remedy],
  ];
  const head = columns(facts.flatMap(([name, value]) => (value ? [[name, value] as const] : [])));
  const steps = list(job, 'status', 'result', 'acceleration', 'fallbacks').map(
    (step) => `  not ${text(step, 'from') ?? ''}: ${text(step, 'message') ?? ''}`,
  );
  const attempts = list(job, 'status', 'attempts').map((attempt) =>
    [
      `  ${number(attempt, 'number') ?? '?'}`,
      text(attempt, 'outcome') ?? 'running',
      text(attempt, 'node'),
      text(attempt, 'reason'),
    ]
      .filter((part) => part !== undefined)
      .join('  '),
  );
  const urls = new Map(
    list(job, 'status', 'result', 'outputs').flatMap((output) => {
      const [key, url] = [text(output, 'key'), text(output, 'url')];
      return key && url ? [[key, url] as const] : [];
    }),
  );
  const sections: (readonly [string, readonly string[]])[] = [
    ['steps down', steps],
    ['attempts', attempts],
    ['files', outputLines(view, urls)],
    [
      'the end of what FFmpeg said',
      view.error?.stderrTail
        ?.trimEnd()
        .split('\n')
        .map((line) => `  ${line}`) ?? [],
    ],
  ];
  const parts = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}:\n${lines.join('\n')}`);
  return `${printable([head, ...parts].join('\n'))}\n`;
}
