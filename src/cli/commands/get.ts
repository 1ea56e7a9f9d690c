import { exitCodes } from '../../errors/exit-codes.ts';
import { argumentsOf, type Command, clientOf, jobPath, printJson } from '../args/command-context.ts';
import { columns } from '../args/help.ts';
import { outputUrls } from '../client/outputs.ts';
import { readJob } from '../client/replies.ts';
import { printable } from '../output/format.ts';
import { type JobView, jobView } from '../output/job-view.ts';
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

/** A job for people: state, reason, attempts, files. */
function describe(job: unknown): string {
  const view = jobView(job);
  const { attempts = [], result } = readJob(job).status ?? {};
  const sections: (readonly [title: string, lines: readonly string[]])[] = [
    ['fallbacks', (result?.acceleration?.fallbacks ?? []).map(({ from, message }) => `  not ${from}: ${message}`)],
    [
      'attempts',
      attempts.map(({ number = '?', outcome = 'running', node, reason }) =>
        [`  ${number}`, outcome, node, reason].filter((part) => part !== undefined).join('  '),
      ),
    ],
    ['files', outputLines(view, outputUrls(job))],
    ['end of the FFmpeg output', indented(view.error?.stderrTail)],
  ];
  const parts = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}:\n${lines.join('\n')}`);
  return `${printable([summary(view, precisionText(result?.precision)), ...parts].join('\n'))}\n`;
}

function summary(view: JobView, trim: string | undefined): string {
  const percent = view.percent === undefined || view.phase !== 'Running' ? '' : ` ${view.percent.toFixed(0)} %`;
  const facts: (readonly [string, string | undefined])[] = [
    ['name', view.name],
    ['type', view.type],
    ['phase', `${view.phase}${percent}`],
    ['message', view.message],
    ['progress', view.phase === 'Running' ? details(view) : undefined],
    ['created', view.createdAt],
    ['finished', view.finishedAt],
    ['ran on', [view.node, view.backend].filter((fact) => fact !== undefined).join(', ')],
    ['trim', trim],
    ['error', view.error && `${view.error.code}: ${view.error.message}`],
    ['remedy', view.error?.remedy],
  ];
  return columns(facts.flatMap(([name, value]) => (value ? [[name, value] as const] : [])));
}

function indented(text: string | undefined): readonly string[] {
  return (
    text
      ?.trimEnd()
      .split('\n')
      .map((line) => `  ${line}`) ?? []
  );
}
