import { list, member, number, text } from '../client/json.ts';
import { formatClock, formatTable } from './format.ts';
import { precisionText } from './precision-text.ts';

/** A plan for the eye: where each part runs and why, then the command lines, ready to paste into a shell. */
export function planText(plan: unknown): string {
  const device = text(plan, 'device');
  const seconds = number(plan, 'estimate', 'seconds');
  const steps = list(plan, 'steps');
  const down = list(plan, 'fallbacks').map(
    (step) => `  not ${text(step, 'from') ?? ''}: ${text(step, 'message') ?? ''}`,
  );
  const parts = steps.flatMap((step) =>
    list(step, 'placements').map((placement) => [
      steps.length > 1 ? (text(step, 'name') ?? '') : '',
      text(placement, 'what') ?? '',
      text(placement, 'runsOn') ?? '',
      text(placement, 'why') ?? '',
    ]),
  );
  const precision = precisionText(member(plan, 'precision'));
  const placements = formatTable(['STEP', 'WHAT', 'RUNS ON', 'WHY'], parts);
  const commands = [...list(plan, 'analyses'), ...steps].map((step) => {
    const argv = list(step, 'argv').filter((word) => typeof word === 'string');
    return `# ${text(step, 'name') ?? text(step, 'id') ?? 'analysis'}\nffmpeg ${argv.map(shellWord).join(' ')}`;
  });
  const notes = list(plan, 'notes').filter((note) => typeof note === 'string');
  return [
    `${text(plan, 'backend') ?? 'unknown'}${device ? ` on ${device}` : ''}${seconds === undefined ? '' : `, about ${formatClock(seconds)}`}, ${steps.length} FFmpeg ${steps.length === 1 ? 'process' : 'processes'}`,
    ...down,
    ...(parts.length > 0 ? ['', placements] : []),
    ...(precision === undefined ? [] : ['', `trim: ${precision}`]),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `note: ${note}`)] : []),
    '',
    ...commands,
    '',
  ].join('\n');
}

/** A word of a command line as a POSIX shell wants it. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
