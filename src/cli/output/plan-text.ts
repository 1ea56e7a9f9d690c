import { type PlanReply, readPlan } from '../client/replies.ts';
import { formatClock, formatTable } from './format.ts';
import { precisionText } from './precision-text.ts';

/** A plan for people: where each part runs and why, then the command lines, ready to paste into a shell. */
export function planText(reply: unknown): string {
  const plan = readPlan(reply);
  const { fallbacks, analyses, steps, notes } = plan;
  const placements = placementRows(plan);
  const precision = precisionText(plan.precision);
  return [
    headline(plan),
    ...fallbacks.map(({ from, message }) => `  not ${from}: ${message}`),
    ...(placements.length > 0 ? ['', formatTable(['STEP', 'WHAT', 'RUNS ON', 'WHY'], placements)] : []),
    ...(precision === undefined ? [] : ['', `trim: ${precision}`]),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `note: ${note}`)] : []),
    '',
    ...analyses.map(({ id = 'analysis', argv }) => commandText(id, argv)),
    ...steps.map(({ name = 'analysis', argv }) => commandText(name, argv)),
    '',
  ].join('\n');
}

/** `qsv-full on /dev/dri/renderD128, about 1:05, 1 FFmpeg process`. */
function headline({ backend, device, estimate, steps }: PlanReply): string {
  const seconds = estimate?.seconds;
  return [
    `${backend}${device === undefined ? '' : ` on ${device}`}`,
    ...(seconds === undefined ? [] : [`about ${formatClock(seconds)}`]),
    `${steps.length} FFmpeg ${steps.length === 1 ? 'process' : 'processes'}`,
  ].join(', ');
}

function placementRows({ steps }: PlanReply): string[][] {
  return steps.flatMap(({ name = '', placements }) =>
    placements.map(({ what, runsOn, why }) => [steps.length > 1 ? name : '', what, runsOn, why]),
  );
}

function commandText(name: string, argv: readonly string[]): string {
  return `# ${name}\nffmpeg ${argv.map(shellWord).join(' ')}`;
}

/** A word of a command line, quoted for a POSIX shell. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
